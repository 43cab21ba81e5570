"""GRAD: do the edges of a matte stand where the true alpha's stand, and are they as steep?"""

from typing import Any, Literal

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.evaluation.alpha import Alphas, Frame, Region, Scores, frame_pairs, to_unit
from engine.evaluation.metrics import total

SIGMA = 1.4
HALF_WIDTH = 4

Stretch = Literal["frame", "clip", "none"]
Border = Literal["replicate", "zero"]


def grad(
    predicted_thw: Alphas,
    true_thw: Alphas,
    inside_thw: Region | None = None,
    *,
    stretch: Stretch = "frame",
    border: Border = "replicate",
) -> Scores:
    """Give the summed squared difference of edge strength: grows with the image's size. Runs on a tensor's device.

    Args:
        predicted_thw: (T, H, W).
        true_thw: (T, H, W).
        inside_thw: the pixels that count.
        stretch: bring each alpha to 0..1 first by the minimum and maximum of its frame or of its clip, so that a matte
            which is only too faint passes; what is constant has no edges then.
        border: how an image goes on beyond its border.
    """
    clip = [_range(one) for one in (predicted_thw, true_thw)] if stretch == "clip" else [None, None]
    scores = []
    for p, g, inside in frame_pairs(predicted_thw, true_thw, inside_thw):
        ours, truth = (
            edges(one if stretch == "none" else _stretched(one, whole or _range(one)), border)
            for one, whole in zip((p, g), clip, strict=True)
        )
        scores.append(total((ours - truth) ** 2, inside))
    return np.array(scores)


def edges(alpha_hw: Frame, border: Border) -> Frame:
    """Give the magnitude of the first derivative of a Gaussian, filters of unit L2 norm: (H, W)."""
    t = np.arange(-HALF_WIDTH, HALF_WIDTH + 1, dtype=np.float64)
    gauss = np.exp(-np.square(t) / (2 * SIGMA**2))
    kernel = np.outer(gauss, t * gauss)
    kernel /= np.sqrt(np.square(kernel).sum())
    if isinstance(alpha_hw, Tensor):
        return _edges_torch(alpha_hw, torch.from_numpy(kernel).to(alpha_hw), border)
    kind = cv2.BORDER_REPLICATE if border == "replicate" else cv2.BORDER_CONSTANT
    across, down = (cv2.filter2D(alpha_hw, cv2.CV_64F, one, borderType=kind) for one in (kernel, kernel.T))
    return np.hypot(across, down)


def _edges_torch(alpha_hw: Tensor, kernel: Tensor, border: Border) -> Tensor:
    padding = [HALF_WIDTH] * 4
    mode = "replicate" if border == "replicate" else "constant"
    both = torch.stack([kernel, kernel.T])[:, None]
    across, down = F.conv2d(F.pad(alpha_hw[None, None], padding, mode=mode), both)[0]
    return torch.hypot(across, down)


def _range(alphas: Any) -> tuple[float, float]:
    return float(to_unit(alphas.min())), float(to_unit(alphas.max()))


def _stretched(alpha_hw: Frame, low_high: tuple[float, float]) -> Frame:
    low, high = low_high
    return (alpha_hw - low) / (high - low) if high > low else alpha_hw * 0
