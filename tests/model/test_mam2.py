"""The Memory-Separated Siamese: what the trimap may know of, and what the mask may know of."""

from dataclasses import replace

import pytest
import torch
from small_model import SMALL, lively

from engine.model.mam2 import MAM2, siamese, uncertainty_band
from engine.model.tensors import Features, FrameMemory, FramePrompt, Mask, Memory

SIDE = SMALL.tracker.image_size
MODES = ("parallel", "pdd", "pdd+mcs", "pdd+mss")


@pytest.fixture(scope="module")
def model():
    """Give a small model whose trimap branch and Mask Augment Features are alive."""
    return lively(SMALL)


@pytest.fixture(scope="module")
def features(model):
    """Give the features of one random plate."""
    with torch.no_grad():
        return model.encode(torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1)))


def noise(shape, seed):
    """Give seeded noise."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def memory_of(seed):
    """Give a memory of one prompted and one tracked frame that is nothing but noise."""
    side = SIDE // 16
    frames = [FrameMemory(noise((1, 64, side, side), seed + i).bfloat16(), noise((1, 64), seed + i)) for i in (0, 1)]
    return Memory(2, 10, prompted={0: frames[0]}, recent={1: frames[1]})


def trimap_with(model, mode, features, memory, mask):
    """Give a mode's trimap with pass 1's mask held fixed."""
    held = HeldMask(model, mask)
    with torch.no_grad():
        return siamese(held, mode, features, model.without_memory(features), model.recall(features, memory), None)[1]


class HeldMask:
    """A model whose pass 1 answers with one mask."""

    def __init__(self, model, mask):
        self._model, self._mask = model, mask

    def __getattr__(self, name):
        return getattr(self._model, name)

    def decode_mask(self, *_):
        """Give the mask, whatever is remembered."""
        return self._mask


@pytest.fixture
def mask(model, features):
    """Give pass 1's mask of a click."""
    click = FramePrompt(torch.tensor([[[30.0, 30.0]]]), torch.ones(1, 1, dtype=torch.int32))
    with torch.no_grad():
        return model(features, click, Memory(0, 10)).mask


def test_the_trimap_knows_nothing_of_memory(model, features, mask):
    """With M held fixed, T is the same bit by bit whatever is remembered."""
    one, other = (trimap_with(model, "pdd+mss", features, memory_of(seed), mask) for seed in (1, 50))
    assert torch.equal(one, other)


def test_memory_reaches_the_trimap_where_passes_share_features(model, features, mask):
    """In the ablation's `pdd+mcs` memory does reach T: with M held fixed, another memory gives another trimap."""
    one, other = (trimap_with(model, "pdd+mcs", features, memory_of(seed), mask) for seed in (1, 50))
    assert (one - other).abs().max() > 1e-3


def test_the_trimap_follows_the_mask(model, features, mask):
    """The mask is the trimap's prompt: another M gives another T."""
    turned = replace(mask, logits_b1hw=-mask.logits_b1hw)
    one, other = (trimap_with(model, "pdd+mss", features, memory_of(1), m) for m in (mask, turned))
    assert (one - other).abs().max() > 1e-3


def test_only_the_mask_is_remembered(model, features):
    """What a frame leaves to remember does not depend on how, or by which weights, its trimap was made."""
    with torch.no_grad():
        steps = [model(features, None, memory_of(1), mode) for mode in MODES]
    assert all(torch.equal(steps[0].memory.features_bmhw, step.memory.features_bmhw) for step in steps)
    assert all(torch.equal(steps[0].mask.logits_b1hw, step.mask.logits_b1hw) for step in steps)


def test_every_mode_makes_another_trimap(model, features):
    """The four rows of the ablation are four different paths."""
    with torch.no_grad():
        trimaps = [model(features, None, memory_of(1), mode).trimap_b3hw for mode in MODES]
    for index, one in enumerate(trimaps):
        assert one.shape == (1, 3, SIDE // 4, SIDE // 4)
        assert all((one - other).abs().max() > 1e-4 for other in trimaps[:index])


def test_mask_augmentation_starts_as_nothing(features):
    """In a new model the augmentation changes nothing: `pdd` equals `parallel`."""
    torch.manual_seed(0)
    fresh = MAM2(SMALL).eval()
    click = FramePrompt(torch.tensor([[[30.0, 30.0]]]), torch.ones(1, 1, dtype=torch.int32))
    with torch.no_grad():
        trimaps = [fresh(features, click, Memory(0, 10), mode).trimap_b3hw for mode in ("parallel", "pdd")]
    assert torch.equal(*trimaps)


def test_an_absent_object_is_all_background(model, features, mask):
    """Where the object is not in the frame, the trimap says background on every pixel."""
    absent = Mask(torch.full_like(mask.logits_b1hw, -1024.0), mask.pointer_bc, torch.full((1, 1), -5.0))
    trimap = trimap_with(model, "pdd+mss", features, memory_of(1), absent)
    assert (trimap.argmax(dim=1) == 0).all()


def test_without_a_trimap_branch_the_masks_doubt_is_the_trimap(features):
    """With `uncertainty` the band lies around the mask's edge and where the mask doubts itself."""
    logits = torch.full((1, 1, 16, 16), -9.0)
    logits[..., :, 8:] = 9.0
    logits[..., 0, 0] = 1.0
    classes = uncertainty_band(logits, reach=2).argmax(dim=1)[0]
    assert (classes[4:, :6] == 0).all()
    assert (classes[4:, 6:10] == 1).all()
    assert (classes[4:, 10:] == 2).all()
    assert classes[0, 0] == 1
    plain = lively(replace(SMALL, trimap_from="uncertainty"))
    with torch.no_grad():
        step = plain(features, None, memory_of(1))
    assert torch.equal(step.trimap_b3hw, uncertainty_band(step.mask.logits_b1hw))


def test_features_map_keeps_the_parts_apart():
    """Changing features changes each part by itself."""
    doubled = Features(torch.ones(1), torch.ones(2), torch.ones(3)).map(lambda part: 2 * part)
    assert [part.sum().item() for part in vars(doubled).values()] == [2, 4, 6]
