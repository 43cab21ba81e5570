"""Previews as small as they are shown."""

import numpy as np

from engine.contract.shot import Point, ShotObject
from engine.session.session import ShotSession

LEFT = ShotObject("left", (Point(1, 32, 36),))


def test_a_preview_is_as_small_as_it_is_shown(model, plates, shot_of):
    """A preview for a picture of half the width is matted at half the size, of the mask that tracking finds."""
    with ShotSession(model, shot_of(1, 4, LEFT), plates) as session:
        whole, small = (session.preview(1, width).objects["left"] for width in (4096, 48))
        assert (whole.alpha_hw.shape, small.alpha_hw.shape) == ((72, 96), (36, 48))
        halved = whole.mask_hw.reshape(36, 2, 48, 2).mean(axis=(1, 3))
        assert np.abs(halved - small.mask_hw).max() < 0.1
        known = small.trimap_hw != 0.5
        assert np.array_equal(small.alpha_hw[known], small.trimap_hw[known])
