"""Simple ways to a matte, which ours has to beat: two that learn nothing, two that use less of our own model."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from engine.evaluation.tracking import ClipPlates
from engine.model.mam2 import MAM2
from engine.session.fit import to_tensor
from engine.session.matting import MatterLimits, matte

Alphas = NDArray[np.float32]

_SUBJECT_ABOVE = 0.1  # alpha from which a pixel belongs to the box that GrabCut is given
_ROUNDS = 5
_BAND = 0.02  # of the plate's width to either side of a mask's edge: 10 pixels of 512


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


def mask_as_alpha(masks_thw: Alphas) -> Alphas:
    """Take a tracker's mask for the matte: (T, H, W) certainty of 0..1 to 0 or 1."""
    return np.asarray(masks_thw > 0.5, np.float32)


def band_trimap(mask_hw: Alphas) -> Alphas:
    """Give the trimap of a band of fixed width around a mask's edge, whatever the subject is made of.

    Args:
        mask_hw: (H, W) certainty of 0..1.

    Returns:
        (H, W) float32: 0 background, 0.5 unknown, 1 foreground.
    """
    radius = max(1, round(mask_hw.shape[1] * _BAND))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    mask = (mask_hw > 0.5).astype(np.uint8)
    trimap: Alphas = np.divide(cv2.erode(mask, kernel) + cv2.dilate(mask, kernel), 2, dtype=np.float32)
    return trimap


def band_alpha(model: MAM2, plates_thwc: NDArray[np.uint8], masks_thw: Alphas) -> Alphas:
    """Matte every frame by `band_trimap`: what a tracker of masks and a matter give without a trimap of their own.

    Args:
        model: whose matter is used, on its device.
        plates_thwc: (T, H, W, 3) uint8 sRGB.
        masks_thw: (T, H, W) certainty of 0..1.
    """
    device = next(model.parameters()).device
    plates = ClipPlates(plates_thwc)
    found = []
    with torch.inference_mode():
        for t, mask in enumerate(masks_thw):
            plate, trimap = to_tensor(plates.display(t), device), torch.from_numpy(band_trimap(mask)).to(device)
            found.append(matte(model.matter, plate, trimap[None, None], MatterLimits())[0, 0].cpu().numpy())
    return np.stack(found)


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
