"""What a session gives back holds no more than it must."""

import weakref

import numpy as np

from engine.session.results import ObjectMatte


def test_a_picture_asked_for_is_not_kept():
    """Trimap and mask live as long as whoever asked for them holds them."""
    matte = ObjectMatte(np.zeros((2, 3), np.float32), lambda: np.ones((2, 3)), lambda: np.full((2, 3), 0.25))
    assert matte.trimap_hw[0, 0] == 1
    assert matte.mask_hw[0, 0] == 0.25
    dropped = [weakref.ref(matte.trimap_hw), weakref.ref(matte.mask_hw)]
    assert [picture() for picture in dropped] == [None, None]
