"""Trimaps for whole pictures, as image matting makes them."""

import cv2
import numpy as np

from engine.clips.drawn.colour import Bytes

_LARGEST, _AT = 29, 640  # of the kernels, in pixels of a picture whose shorter side has 640


def eroded_trimap(alpha_hw: Bytes, rng: np.random.Generator) -> Bytes:
    """Give a trimap (H, W) uint8 of 0, 128, 255 from an alpha (H, W) uint8.

    Foreground is where alpha is 1 and background where it is 0, to one code: what a translucent thing is made of is
    unknown by itself. Both are then eroded by an ellipse of a random size each; beyond the edges nothing erodes.
    """
    scale = min(alpha_hw.shape) / _AT
    trimap = np.full(alpha_hw.shape, 128, np.uint8)
    for value, known in ((0, alpha_hw <= 1), (255, alpha_hw >= 254)):
        side = max(1, round(rng.integers(1, _LARGEST + 1) * scale))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        trimap[cv2.erode(known.astype(np.uint8), kernel).astype(bool)] = value
    return trimap
