"""Promises of selective supervision: what each kind of label may teach, and what each stage may move."""

from dataclasses import replace

import pytest
import torch

from engine.datasets.layouts import Source
from engine.model.mam2 import MAM2
from engine.training import checkpoint
from engine.training.pool import PooledClips, build_pool
from engine.training.samples import Chance, collate
from engine.training.stages import STAGES, choose_parameters, describe
from engine.training.steps import STEPS, Lesson

MASK_ONLY = ("output_hypernetworks_mlps.0", "pred_obj_score_head")
TRIMAP_ONLY = ("trimap_tokens", "trimap_upscaling", "trimap_hypernetworks", "mask_augment")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Give one short small clip with its objects."""
    path = tmp_path_factory.mktemp("pool") / "pool.npy"
    build_pool(path, clips=1, frames=2, size=64, first_seed=0, workers=0, report=lambda _: None)
    return PooledClips(path, 64, 2, seed=3)[0]


def _gradients(sample, *sources, stage="stage-1"):
    torch.manual_seed(0)
    model = MAM2(checkpoint.starter_config(64)).train()
    chosen = choose_parameters(model, STAGES[stage])
    batch = collate([replace(sample, source=source) for source in sources])
    terms = STEPS[STAGES[stage].kind](model, batch, Lesson("pdd+mss", Chance.of(5, batch.chance_n)))
    sum(terms.values()).backward()
    terms = {name: value.detach() for name, value in terms.items()}
    return {name: float(p.grad.abs().max()) if p.grad is not None else 0.0 for name, p in chosen.items()}, terms


def _moved(gradients, parts):
    found = {name: value for name, value in gradients.items() if any(part in name for part in parts)}
    assert found, parts
    return max(found.values())


def test_a_mask_teaches_no_trimap(sample):
    """A VOS sample moves no parameter that only the trimap branch has, and does move the mask branch."""
    gradients, terms = _gradients(sample, Source.VOS)
    assert float(terms["trimap"]) == 0
    assert _moved(gradients, TRIMAP_ONLY) == 0
    assert _moved(gradients, MASK_ONLY) > 0


@pytest.mark.parametrize("source", [Source.VM, Source.IM])
def test_an_alpha_teaches_no_mask(sample, source):
    """A matting sample moves nothing through the mask loss, and does move the trimap branch."""
    gradients, terms = _gradients(sample, source)
    assert float(terms["focal"]) == float(terms["dice"]) == float(terms["presence"]) == 0
    assert _moved(gradients, MASK_ONLY) == 0
    assert _moved(gradients, TRIMAP_ONLY) > 0


def test_a_mixed_batch_teaches_what_its_samples_teach(sample):
    """In one batch the mask loss is the VOS sample's alone and the trimap loss the matting sample's."""
    _, mixed = _gradients(sample, Source.VOS, Source.VM)
    _, both = _gradients(sample, Source.PROCEDURAL, Source.PROCEDURAL)
    assert float(mixed["trimap"]) == pytest.approx(float(both["trimap"]) / 2, rel=1e-4)


def test_stage_two_moves_the_matter_alone(sample):
    """L_matter has gradients for the matter's parameters and no other."""
    gradients, terms = _gradients(sample, Source.IM, stage="stage-2")
    assert all(name.startswith("matter.") for name in gradients)
    assert max(gradients.values()) > 0
    assert {"l1", "laplacian", "gradient", "ratio"} == set(terms)


@pytest.mark.parametrize("source", [Source.VM, Source.VOS])
def test_only_image_mattes_teach_the_matter(sample, source):
    """A batch without image matting has nothing to say in stage 2."""
    batch = collate([replace(sample, source=source)])
    model = MAM2(checkpoint.starter_config(64))
    assert STEPS["matter"](model, batch, Lesson("pdd+mss", Chance.of(5, batch.chance_n))) == {}


def test_a_stage_says_what_is_frozen():
    """The lines printed at the start name the loss, and the encoder as frozen but for its adapters."""
    model = MAM2(checkpoint.starter_config(64))
    lines = describe(model, STAGES["stage-2"])
    assert "1[IM]" in lines[0]
    assert "  tracker.image_encoder: frozen" in lines
    assert any("tracker.image_encoder" in line and "train" in line for line in describe(model, STAGES["stage-1"]))
