"""Published SAM 2.1 keys and the names of our tracker."""

import pytest
import torch
from published_weights import SIZES, sam2_network

from engine.contract.errors import ModelError
from engine.model.adapters import merged
from engine.model.config import CONFIGS, STARTER
from engine.model.official_files import recognise
from engine.model.sam2_keys import (
    NEW_IN_MAM2,
    absent_as_allowed,
    copied_from,
    public_start,
    sam2_size,
    sam2_state,
)
from engine.model.structure import empty_model, empty_parts
from engine.model.weights_header import Contents

MILLIONS = {"t": 38.96, "s": 46.06, "b+": 80.85, "l": 224.45}


@pytest.fixture(scope="module", params=sorted(SIZES))
def size(request):
    """A letter and the shapes that the sam2 package builds from its own configuration file."""
    network = sam2_network(request.param)
    count = sum(parameter.numel() for parameter in network.parameters())
    return request.param, {key: tensor.shape for key, tensor in network.state_dict().items()}, count


def test_trackers_have_the_public_names_and_shapes(size):
    """Each size has exactly SAM 2.1's tensors, and MAM2's additions besides."""
    letter, public, _ = size
    contents = Contents(f"sam2.1-{letter}", tracker=CONFIGS[f"sam2.1-{letter}"].tracker)
    ours = {key.removeprefix("tracker."): t.shape for key, t in empty_parts(contents).state_dict().items()}
    assert {key: shape for key, shape in ours.items() if not NEW_IN_MAM2.match(key)} == public


def test_sizes_are_told_by_shape(size):
    """Width and depth of the encoder tell the four sizes apart; the counts are the published ones."""
    letter, public, count = size
    state = {key: torch.empty(shape, device="meta") for key, shape in public.items()}
    assert sam2_size(state) == f"sam2.1-{letter}"
    assert round(count / 1e6, 2) == MILLIONS[letter]


def test_an_unknown_size_is_none():
    """A SAM 2 of no public width is not mistaken for one."""
    state = {"image_encoder.trunk.patch_embed.proj.weight": torch.empty(40, 3, 7, 7)}
    assert sam2_size(sam2_state({"model": state})) is None


def test_other_networks_are_not_sam2():
    """A state without SAM 2's first layer is not SAM 2's."""
    assert sam2_state({"model": {"backbone.pos_embed": torch.zeros(1)}}) is None
    assert sam2_state({"model": 3}) is None


def test_the_first_sam2_is_named():
    """A checkpoint of July 2024 is refused with the name of the file to get instead."""
    state = {f"image_encoder.trunk.blocks.{i}.norm1.weight": torch.zeros(96) for i in range(12)}
    state["image_encoder.trunk.patch_embed.proj.weight"] = torch.zeros(96, 3, 7, 7)
    with pytest.raises(ModelError, match=r"not SAM 2\.1") as raised:
        recognise({"model": state}, "sam2_hiera_tiny.pt")
    assert "sam2.1_hiera_tiny.pt" in raised.value.hint


def test_only_public_structures_start_from_public_weights():
    """Every `mam2-*` starts from the SAM 2.1 of its size; the starter from none."""
    assert {name: public_start(config.tracker) for name, config in CONFIGS.items() if name.startswith("mam2-")} == {
        f"mam2-{letter}": f"sam2.1-{letter}" for letter in SIZES
    }
    assert public_start(STARTER.tracker) is None


def test_adapters_come_out_by_name():
    """Without its adapters, an adapted encoder has the names of one that never had any."""
    adapted = empty_model(STARTER).state_dict()
    plain = Contents("starter", tracker=STARTER.tracker, matter=STARTER.matter)
    assert merged(adapted, STARTER.lora).keys() == empty_parts(plain).state_dict().keys()


def test_additions_are_absent_together_or_not_at_all():
    """What MAM2 adds may be absent as a whole; one piece of it makes the rest due."""
    pieces = {"tracker.sam_mask_decoder.trimap_tokens.weight", "tracker.sam_mask_decoder.mask_augment.stack.0.bias"}
    expected = pieces | {"tracker.no_mem_embed"}
    assert absent_as_allowed(expected, {"tracker.no_mem_embed"}, "tracker.") == pieces
    assert absent_as_allowed(expected, {min(pieces)}, "tracker.") == set()


def test_only_the_upscaler_is_a_copy():
    """The trimap's upscaler begins as the mask's; every other addition as its module says."""
    assert copied_from("a.trimap_upscaling.0.weight") == "a.output_upscaling.0.weight"
    assert copied_from("a.trimap_tokens.weight") is None
