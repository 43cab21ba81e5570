"""Colour spaces by the names that Nuke and OCIO configurations give them. Primaries are left out: curves only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

_IDENTITY = {"linear", "scene_linear", "ACES - ACEScg", "ACEScg", "raw", "data", "Utility - Raw", "Raw"}
_SRGB = {
    "sRGB",
    "Output - sRGB",
    "sRGB - Texture",
    "Utility - sRGB - Texture",
    "color_picking",
    "texture_paint",
    "matte_paint",
}
_GAMMA = {"Gamma1.8": 1.8, "Gamma2.2": 2.2, "Gamma2.4": 2.4}


def to_linear(name: str) -> Callable[[np.ndarray], np.ndarray] | None:
    """Give the curve from a space to linear; None where nothing changes.

    Raises:
        ValueError: the space is not known.
    """
    name = _plain(name)
    if name in _IDENTITY:
        return None
    if name in _SRGB:
        return lambda v: np.where(v <= 0.04045, v / 12.92, np.power((np.maximum(v, 0.04045) + 0.055) / 1.055, 2.4))
    if name == "rec709":
        return lambda v: np.where(v < 0.081, v / 4.5, np.power((np.maximum(v, 0.081) + 0.099) / 1.099, 1 / 0.45))
    if name in _GAMMA:
        return lambda v: np.sign(v) * np.power(np.abs(v), _GAMMA[name])
    raise ValueError(f"the stand-in for Nuke does not know the colour space {name!r}")


def from_linear(name: str) -> Callable[[np.ndarray], np.ndarray] | None:
    """Give the curve from linear to a space: the inverse of `to_linear`."""
    name = _plain(name)
    if name in _IDENTITY:
        return None
    if name in _SRGB:
        return lambda v: np.where(
            v <= 0.0031308, v * 12.92, 1.055 * np.power(np.maximum(v, 0.0031308), 1 / 2.4) - 0.055
        )
    if name == "rec709":
        return lambda v: np.where(v < 0.018, v * 4.5, 1.099 * np.power(np.maximum(v, 0.018), 0.45) - 0.099)
    if name in _GAMMA:
        return lambda v: np.sign(v) * np.power(np.abs(v), 1 / _GAMMA[name])
    raise ValueError(f"the stand-in for Nuke does not know the colour space {name!r}")


def _plain(name: str) -> str:
    """Take `default (linear)` for `linear`."""
    return name[len("default (") : -1] if name.startswith("default (") else name


def default_space(root: object, path: str, bits: int) -> str:
    """Give the space that the script's settings assume for a file: linear for float, sRGB for whole numbers."""
    knob = "floatLut" if path.lower().endswith((".exr", ".hdr")) else "int8Lut" if bits == 8 else "int16Lut"
    return root[knob].value()  # type: ignore[index]
