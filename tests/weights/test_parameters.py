"""The parameter table."""

from dataclasses import replace

import pytest

from engine.model.config import CONFIGS, STARTER
from engine.training.stages import STAGES, choose_parameters
from engine.weights.structure import PAPER_TRAINABLE, PartParameters, empty_model, parameter_table, part_of


@pytest.fixture(scope="module")
def large():
    """The table of the paper's configuration."""
    return parameter_table(CONFIGS["mam2-l"])


def test_the_papers_configuration_trains_what_the_paper_says(large):
    """SAM 2.1-l with rank-16 adapters and MEMatte-S trains 44.1 M parameters, within two per cent of the paper."""
    assert large.trainable == 44_059_135
    assert large.paper_difference == pytest.approx(large.trainable / PAPER_TRAINABLE - 1)
    assert abs(large.paper_difference) < 0.02


def test_a_difference_beyond_one_per_cent_is_explained(large):
    """The encoder's feature pyramid, frozen here, accounts for most of the difference: with it 44.613 M learn."""
    assert "44.059 M" in large.explanation()
    assert "-1.43%" in large.explanation()
    assert "44.613 M would (-0.19%)" in large.explanation()
    close = replace(large, rows=(PartParameters("all", 44_613_119, 44_613_119, 0),))
    assert close.explanation() == "Trainable: 44.613 M; the paper says 44.7 M: -0.19%."


def test_the_table_is_itemised(large):
    """Each part has its count; the parts of the matter are MEMatte-S."""
    totals = {row.part: row.total for row in large.rows}
    assert totals["image encoder, adapters (LoRA)"] == 2_610_432
    assert totals["decoder, trimap branch"] == 494_144
    assert sum(count for part, count in totals.items() if part.startswith("matter")) == 29_191_293


def test_every_parameter_is_counted_once():
    """The table's total is the network's own, and every name has a part."""
    model = empty_model(STARTER)
    assert parameter_table(STARTER).total == sum(parameter.numel() for parameter in model.parameters())
    with pytest.raises(ValueError, match="belongs to no part"):
        part_of("tracker.unheard_of")


def test_the_stages_are_those_that_training_runs():
    """What the table says of the two stages is what training makes learn."""
    model = empty_model(STARTER)
    table = parameter_table(STARTER)
    for stage, count in (("trimaps", table.stage_1), ("matter", table.stage_2)):
        assert sum(p.numel() for p in choose_parameters(model, STAGES[stage]).values()) == count


def test_published_weights_train_nothing():
    """A SAM 2.1 profile runs as published: its tracker's parameters are SAM 2.1's alone, and none learns.

    Beside them stands the network of trimaps from pictures, of at most 3 M parameters.
    """
    table = parameter_table(CONFIGS["sam2.1-t"])
    assert table.trainable == 0
    ours = next(row.total for row in table.rows if row.part == "trimap from the picture")
    assert table.total == 38_962_498 + 29_191_293 + ours
    assert ours <= 3_000_000
    assert table.explanation() == ""
