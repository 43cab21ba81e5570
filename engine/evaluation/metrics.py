"""Alpha metrics: MAD, MSE, SAD, dtSSD, GRAD, CONN, MESSDdt. Smaller is better; `profiles` scales them.

Every metric takes predicted and true alpha of one clip, (T, H, W), and perhaps the region that counts, and gives one
number a frame, (T,) float64. Given tensors, these run on the tensors' device.
"""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Alphas: TypeAlias = NDArray[np.floating] | NDArray[np.uint8] | Tensor
"""(T, H, W): floats of 0..1, or uint8 where 255 is opaque; a tensor is computed with on its own device."""
Region: TypeAlias = NDArray[np.bool_] | Tensor
"""(T, H, W) bool: the pixels that count."""
Frame: TypeAlias = Any
"""One frame, (H, W): an array or a tensor. Metrics use only what both have."""
Codes = NDArray[np.uint8]
Scores = NDArray[np.float64]

_FULL = np.float32(255)


def to_codes(alpha: NDArray[np.floating]) -> Codes:
    """Round alphas of 0..1 to 8 bits, as files of mattes hold them: published figures come from such files."""
    codes: Codes = np.rint(np.clip(np.nan_to_num(alpha), 0, 1) * _FULL).astype(np.uint8)
    return codes


def frame_pairs(
    predicted_thw: Alphas, true_thw: Alphas, inside_thw: Region | None = None
) -> Iterator[tuple[Frame, Frame, Frame | None]]:
    """Give each frame as (predicted, true, inside), floats of 0..1 in double precision where the device has it.

    Raises:
        ValueError: the three are not of one shape (T, H, W).
    """
    shapes = {tuple(one.shape) for one in (predicted_thw, true_thw, inside_thw) if one is not None}
    if len(shapes) > 1 or predicted_thw.ndim != 3:
        raise ValueError(f"these are not one clip (T, H, W): {', '.join(map(str, sorted(shapes)))}")
    for t in range(len(predicted_thw)):
        yield to_unit(predicted_thw[t]), to_unit(true_thw[t]), None if inside_thw is None else inside_thw[t]


def to_unit(alpha: Frame) -> Frame:
    """Give 0..1 for 8-bit codes, and floats as they are; in double precision where the device has it.

    The division is in single precision, as in the scripts whose numbers we compare with: it decides which side of
    CONN's thresholds a code falls on.
    """
    if isinstance(alpha, Tensor):
        unit = alpha.float() / 255 if alpha.dtype == torch.uint8 else alpha
        return unit if alpha.device.type == "mps" else unit.double()
    return (alpha / _FULL if alpha.dtype == np.uint8 else alpha).astype(np.float64)


def to_array(frame: Frame) -> Scores:
    """Give a frame as a numpy array, for what only runs on the CPU."""
    return np.asarray(frame.cpu().numpy() if isinstance(frame, Tensor) else frame, np.float64)


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


STEP = 0.1
TOLERANCE = 0.15  # a pixel this close to its piece's level counts as fully connected


def conn(predicted_thw: Alphas, true_thw: Alphas, inside_thw: Region | None = None) -> Scores:
    """Give the summed difference of connectedness to the largest common piece: grows with the image's size.

    Labelling pieces runs on the CPU, whatever is given.
    """
    scores = []
    for p, g, inside in frame_pairs(predicted_thw, true_thw, inside_thw):
        counted = None if inside is None else to_array(inside).astype(bool)
        scores.append(total(_difference(to_array(p), to_array(g)), counted))
    return np.array(scores)


def largest_piece(inside_hw: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give the largest 4-connected piece; between equals the one that a scan by rows meets first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside_hw.astype(np.uint8), connectivity=4)
    if count == 1:
        return np.zeros_like(inside_hw)
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = 1 + np.flatnonzero(areas == areas.max())
    if len(largest) == 1:
        return np.asarray(labels == largest[0])
    first = int(np.isin(labels, largest).argmax())
    return np.asarray(labels == labels.flat[first])


def _difference(p_hw: Scores, g_hw: Scores) -> Scores:
    level = np.full(p_hw.shape, -1.0)
    for before, threshold in pairwise(STEP * np.arange(11)):
        piece = largest_piece((p_hw >= threshold) & (g_hw >= threshold))
        level[(level == -1) & ~piece] = before
    level[level == -1] = 1.0
    return np.abs(_connectedness(p_hw, level) - _connectedness(g_hw, level))


def _connectedness(alpha_hw: Scores, level_hw: Scores) -> Scores:
    above = alpha_hw - level_hw
    return np.where(above >= TOLERANCE, 1 - above, 1.0)


def messddt(predicted_thw: Alphas, true_thw: Alphas, inside_thw: Region | None = None) -> Scores:
    """Give the mean change of squared error along the true alpha's motion; the first frame has none and gives 0.

    Each frame is compared with the one before: error_before(x) - error_now(x + flow(x)), where the flow is Farneback's
    on the true alpha, rounded to whole pixels. It runs on the CPU, whatever is given.
    """
    scores: list[float] = []
    before: tuple[Codes, Scores, NDArray[np.bool_]] | None = None
    for p, g, inside in frame_pairs(predicted_thw, true_thw, inside_thw):
        truth = to_array(g)
        counted = np.ones(truth.shape, bool) if inside is None else to_array(inside).astype(bool)
        now = to_codes(truth), np.square(to_array(p) - truth), counted
        scores.append(0.0 if before is None else _change(before, now))
        before = now
    return np.array(scores)


def _change(before: tuple[Codes, Scores, NDArray[np.bool_]], now: tuple[Codes, Scores, NDArray[np.bool_]]) -> float:
    flow = cv2.calcOpticalFlowFarneback(before[0], now[0], None, 0.5, 5, 10, 2, 7, 1.5, cv2.OPTFLOW_FARNEBACK_GAUSSIAN)
    moved = np.rint(flow).astype(np.int64)
    height, width = before[0].shape
    rows, columns = np.mgrid[:height, :width]
    there = np.clip(rows + moved[..., 1], 0, height - 1), np.clip(columns + moved[..., 0], 0, width - 1)
    carried = (now[1] * now[2])[there]
    return total(np.abs(before[1] * before[2] - carried), None) / area(before[1], before[2])
