"""Two classical ways to a matte, which a learnt one has to beat."""

import cv2
import numpy as np
from numpy.typing import NDArray

Alphas = NDArray[np.float32]

_SUBJECT_ABOVE = 0.1  # alpha from which a pixel belongs to the box that GrabCut is given
_ROUNDS = 5


def grabcut(plates_thwc: NDArray[np.uint8], true_thw: Alphas) -> Alphas:
    """Cut the object out of every frame by itself, from the exact box around it: a generous start.

    Args:
        plates_thwc: (T, H, W, 3) uint8 sRGB.
        true_thw: (T, H, W) exact alpha in 0..1; only its box is used.

    Returns:
        (T, H, W) float32, 0 or 1; all 0 on a frame that the object has left.
    """
    return np.stack([_cut(plate, alpha) for plate, alpha in zip(plates_thwc, true_thw, strict=True)])


def first_alpha_held(true_thw: Alphas) -> Alphas:
    """Hold the exact alpha of the first frame still: (T, H, W) to the same."""
    return np.broadcast_to(true_thw[:1], true_thw.shape)


def _cut(plate_hwc: NDArray[np.uint8], alpha_hw: Alphas) -> Alphas:
    rows, columns = (alpha_hw > _SUBJECT_ABOVE).any(1).nonzero()[0], (alpha_hw > _SUBJECT_ABOVE).any(0).nonzero()[0]
    matte = np.zeros(alpha_hw.shape, np.float32)
    if not len(rows):
        return matte
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    labels = np.full(alpha_hw.shape, cv2.GC_BGD, np.uint8)
    labels[top:bottom, left:right] = cv2.GC_PR_FGD
    if (labels == cv2.GC_PR_FGD).all() or (bottom - top) * (right - left) < 16:
        matte[top:bottom, left:right] = 1  # nothing outside, or too little inside, to learn colours from
        return matte
    cv2.setRNGSeed(0)
    cv2.grabCut(
        np.ascontiguousarray(plate_hwc[..., ::-1]),
        labels,
        None,
        np.zeros((1, 65)),
        np.zeros((1, 65)),
        _ROUNDS,
        cv2.GC_INIT_WITH_MASK,
    )
    matte[(labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)] = 1
    return matte
