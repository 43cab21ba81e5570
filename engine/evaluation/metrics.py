"""Alpha metrics, profile `rvm-lr`: the numbers that video matting papers print.

Every function takes predicted and true alpha of one clip, (T, H, W) in 0..1, whole image, no mask, and gives one
number a frame, (T,) float64; a clip's score is the mean over its frames. Smaller is better. Published figures come
from 8-bit mattes: quantise both sides first to compare with them.

Source: the low-resolution evaluation script of RobustVideoMatting (github.com/PeterL1n/RobustVideoMatting,
`evaluation/evaluate_lr.py`). Other scripts scale, mask and normalise differently under the same names.
"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Alpha = NDArray[np.floating]
Scores = NDArray[np.float64]

GRAD_SIGMA = 1.4
GRAD_HALF_WIDTH = 4
CONN_STEP = 0.1
CONN_TOLERANCE = 0.15  # a pixel this close to its piece's level counts as fully connected


def mad(predicted_thw: Alpha, true_thw: Alpha) -> Scores:
    """Give the mean absolute difference, times 1000."""
    p, g = _pair(predicted_thw, true_thw)
    return np.asarray(1000 * np.abs(p - g).mean(axis=(1, 2)))


def mse(predicted_thw: Alpha, true_thw: Alpha) -> Scores:
    """Give the mean squared difference, times 1000."""
    p, g = _pair(predicted_thw, true_thw)
    return np.asarray(1000 * np.square(p - g).mean(axis=(1, 2)))


def sad(predicted_thw: Alpha, true_thw: Alpha) -> Scores:
    """Give the sum of absolute differences, divided by 1000: grows with the image's size."""
    p, g = _pair(predicted_thw, true_thw)
    return np.asarray(np.abs(p - g).sum(axis=(1, 2)) / 1000)


def grad(predicted_thw: Alpha, true_thw: Alpha) -> Scores:
    """Give the summed squared difference of edge strength, divided by 1000: grows with the image's size.

    Each frame is first stretched to 0..1 by its own minimum and maximum, so a matte that is only too faint passes.
    """
    p, g = _pair(predicted_thw, true_thw)
    return np.array([np.square(_edges(a) - _edges(b)).sum() / 1000 for a, b in zip(p, g, strict=True)])


def conn(predicted_thw: Alpha, true_thw: Alpha) -> Scores:
    """Give the summed difference of connectedness to the largest common piece, divided by 1000."""
    p, g = _pair(predicted_thw, true_thw)
    return np.array([_connectivity_error(a, b) / 1000 for a, b in zip(p, g, strict=True)])


def dtssd(predicted_thw: Alpha, true_thw: Alpha) -> Scores:
    """Give the root mean square difference of change over time, times 100; the first frame has none and gives 0."""
    p, g = _pair(predicted_thw, true_thw)
    change = np.diff(p, axis=0) - np.diff(g, axis=0)
    return np.concatenate([[0.0], 100 * np.sqrt(np.square(change).mean(axis=(1, 2)))])


def _pair(predicted_thw: Alpha, true_thw: Alpha) -> tuple[Scores, Scores]:
    if predicted_thw.shape != true_thw.shape or predicted_thw.ndim != 3:
        raise ValueError(f"predicted {predicted_thw.shape} and true {true_thw.shape} are not one clip (T, H, W)")
    return predicted_thw.astype(np.float64), true_thw.astype(np.float64)


def _edges(alpha_hw: Scores) -> Scores:
    """Give the gradient magnitude of a frame that was stretched to 0..1; a constant frame has none."""
    low, high = alpha_hw.min(), alpha_hw.max()
    if low == high:
        return np.zeros_like(alpha_hw)
    stretched = (alpha_hw - low) / (high - low)
    t = np.arange(-GRAD_HALF_WIDTH, GRAD_HALF_WIDTH + 1, dtype=np.float64)
    gauss = np.exp(-np.square(t) / (2 * GRAD_SIGMA**2))
    kernel = np.outer(gauss, t * gauss)
    kernel /= np.sqrt(np.square(kernel).sum())
    across, down = (cv2.filter2D(stretched, cv2.CV_64F, k, borderType=cv2.BORDER_REPLICATE) for k in (kernel, kernel.T))
    return np.asarray(np.hypot(across, down))


def _connectivity_error(p_hw: Scores, g_hw: Scores) -> float:
    level = np.full(p_hw.shape, -1.0)
    for before, threshold in pairwise(CONN_STEP * np.arange(11)):
        piece = _largest_piece((p_hw >= threshold) & (g_hw >= threshold))
        level[(level == -1) & ~piece] = before
    level[level == -1] = 1.0
    return float(np.abs(_connectedness(p_hw, level) - _connectedness(g_hw, level)).sum())


def _connectedness(alpha_hw: Scores, level_hw: Scores) -> Scores:
    above = alpha_hw - level_hw
    return np.where(above >= CONN_TOLERANCE, 1 - above, 1.0)


def _largest_piece(inside_hw: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give the largest 4-connected piece; between equals the one that a scan by rows meets first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside_hw.astype(np.uint8), connectivity=4)
    if count == 1:
        return np.zeros_like(inside_hw)
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = 1 + np.flatnonzero(areas == areas.max())
    first = int(np.isin(labels, largest).argmax())
    return np.asarray(labels == labels.flat[first])
