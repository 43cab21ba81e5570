"""Scene-linear to display-referred sRGB and back, by table: the generator's one view transform."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Bytes: TypeAlias = npt.NDArray[np.uint8]

LINEAR_MAX = 16.0
"""Scene-linear values above this show as white."""
_KNEE = 0.85
_ENTRIES = 16384


def to_linear(srgb: Floats) -> Floats:
    """Decode sRGB (IEC 61966-2-1) values 0..1 of any shape to linear light 0..1."""
    index = (np.clip(srgb, 0.0, 1.0) * np.float32(_ENTRIES - 1) + np.float32(0.5)).astype(np.uint16)
    decoded: Floats = np.take(_decode_table(), index)
    return decoded


def to_display(linear: Floats) -> Bytes:
    """Encode scene-linear values 0..16 of any shape as 8-bit sRGB.

    Plain sRGB up to display code 0.85; above it highlights roll off so that linear 1.0 shows as 0.92 and fire keeps
    its colour instead of clipping.
    """
    # The table runs over the square root: equal steps there are close to equal steps on the display.
    root = np.sqrt(np.clip(linear, 0.0, LINEAR_MAX))
    index = (root * np.float32((_ENTRIES - 1) / np.sqrt(LINEAR_MAX)) + np.float32(0.5)).astype(np.uint16)
    encoded: Bytes = np.take(_encode_table(), index)
    return encoded


@cache
def _decode_table() -> Floats:
    code = np.linspace(0.0, 1.0, _ENTRIES)
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


@cache
def _encode_table() -> Bytes:
    linear = np.linspace(0.0, np.sqrt(LINEAR_MAX), _ENTRIES) ** 2
    code = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    over = np.maximum(code - _KNEE, 0.0)
    rolled = np.minimum(code, _KNEE) + (1.0 - _KNEE) * over / (over + (1.0 - _KNEE))
    return (np.clip(rolled, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
