"""Alphas as metrics take them: numpy or torch, 8-bit codes or 0..1, one frame at a time."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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
