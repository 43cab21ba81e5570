"""Promises of the training targets."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.training.targets import mask_target, rough_trimap, trimap_target


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
