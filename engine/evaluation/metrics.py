"""Alpha metrics that compare pixel by pixel. Smaller is better; nothing is scaled, `profiles` does that.

Every metric takes predicted and true alpha of one clip, (T, H, W), and perhaps the region that counts, and gives one
number a frame, (T,) float64. Given tensors, these run on the tensors' device.
"""

import math

import numpy as np

from engine.evaluation.alpha import Alphas, Frame, Region, Scores, frame_pairs


def mad(predicted_thw: Alphas, true_thw: Alphas, inside_thw: Region | None = None) -> Scores:
    """Give the mean absolute difference; 0 where no pixel counts."""
    pairs = frame_pairs(predicted_thw, true_thw, inside_thw)
    return np.array([total(abs(p - g), inside) / area(p, inside) for p, g, inside in pairs])


def mse(predicted_thw: Alphas, true_thw: Alphas, inside_thw: Region | None = None) -> Scores:
    """Give the mean squared difference; 0 where no pixel counts."""
    pairs = frame_pairs(predicted_thw, true_thw, inside_thw)
    return np.array([total((p - g) ** 2, inside) / area(p, inside) for p, g, inside in pairs])


def sad(predicted_thw: Alphas, true_thw: Alphas, inside_thw: Region | None = None) -> Scores:
    """Give the sum of absolute differences: grows with the image's size."""
    return np.array([total(abs(p - g), inside) for p, g, inside in frame_pairs(predicted_thw, true_thw, inside_thw)])


def dtssd(predicted_thw: Alphas, true_thw: Alphas, inside_thw: Region | None = None, *, by_area: bool = True) -> Scores:
    """Give the root of the squared difference of change since the frame before; the first frame has none and gives 0.

    Args:
        predicted_thw: (T, H, W).
        true_thw: (T, H, W).
        inside_thw: the pixels of a frame that count until the next.
        by_area: divide by the pixels that count before the root is taken; without, it grows with the image's size.
    """
    scores, before = [0.0], None
    for p, g, inside in frame_pairs(predicted_thw, true_thw, inside_thw):
        error = p - g
        if before is not None:
            change, counted = (error - before[0]) ** 2, before[1]
            scores.append(math.sqrt(total(change, counted) / (area(change, counted) if by_area else 1)))
        before = error, inside
    return np.array(scores)


def total(error_hw: Frame, inside_hw: Frame | None) -> float:
    """Sum what counts."""
    return float((error_hw if inside_hw is None else error_hw[inside_hw]).sum())


def area(frame_hw: Frame, inside_hw: Frame | None) -> float:
    """Count the pixels that count, at least 1."""
    return max(1.0, float(frame_hw.shape[0] * frame_hw.shape[1] if inside_hw is None else inside_hw.sum()))
