"""Promises of the training targets."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.training.losses import mask_target, plate_size, rough_trimap, trimap_target, worn_trimap


def _alpha_with(*, solid=None, soft=None, size=64):
    alpha = torch.zeros(1, 1, size, size)
    if solid:
        alpha[..., solid[0] : solid[1], solid[0] : solid[1]] = 1
    if soft:
        alpha[..., soft[0] : soft[1], soft[0] : soft[1]] = 0.4
    return alpha


def test_a_translucent_interior_is_unknown_not_foreground():
    """Smoke is mask, and unknown in the trimap through and through."""
    alpha = _alpha_with(soft=(16, 48))
    assert mask_target(alpha)[0, 0, 4:12, 4:12].all()
    assert (trimap_target(alpha)[0, 4:12, 4:12] == 1).all()


def test_a_solid_has_all_three_classes():
    """A solid is foreground inside, unknown along its edge and background outside."""
    classes = trimap_target(_alpha_with(solid=(16, 48)))[0]
    assert (classes[8, 8], classes[4, 8], classes[0, 0]) == (2, 1, 0)


def test_one_thread_of_a_net_is_mask():
    """A line one pixel wide belongs to the object's mask."""
    alpha = torch.zeros(1, 1, 64, 64)
    alpha[..., 30, :] = 1
    assert mask_target(alpha)[0, 0, 7].all()


@given(st.integers(0, 12), st.integers(4, 28), st.integers(1, 30))
def test_what_a_rough_trimap_calls_known_is_true(radius, start, length):
    """However rough, a trimap never calls a pixel known that is not."""
    alpha = _alpha_with(solid=(start, start + length), soft=(start, start + length // 2))
    trimap = rough_trimap(alpha, radius)
    assert (alpha[trimap == 1] == 1).all()
    assert (alpha[trimap == 0] == 0).all()


def test_worn_trimaps_lose_the_foreground_and_invent_none():
    """A worn trimap calls unknown what is foreground, in some samples all of it, and calls no background foreground."""
    alpha = _alpha_with(solid=(8, 56))
    kept = []
    for seed in range(40):
        trimap = worn_trimap(alpha, torch.Generator().manual_seed(seed))
        assert set(trimap.unique().tolist()) <= {0.0, 0.5, 1.0}
        assert not (trimap[alpha == 0] == 1).any()
        kept.append(float((trimap == 1).sum() / (alpha == 1).sum()))
    assert min(kept) == 0
    assert max(kept) > 0.5
    assert any(0.1 < share < 0.4 for share in kept)


def test_the_matter_meets_plates_of_every_shape():
    """Samples are stretched to shapes from upright to twice as wide as high, with about the square's area."""
    sizes = [plate_size(256, torch.Generator().manual_seed(seed)) for seed in range(60)]
    aspects = [width / height for height, width in sizes]
    assert min(aspects) < 1 < 16 / 9 < max(aspects) <= 2.05
    assert all(0.8 < height * width / 256**2 < 0.95 for height, width in sizes)
