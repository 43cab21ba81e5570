"""What a camera does to scene-linear light: exposure drift, softness, grain, compression, and the view transform."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from engine.clips.drawn.noise import Drift, child

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


class Camera:
    """One clip's camera, drawn from a seed."""

    def __init__(self, seed: int, size_hw: tuple[int, int]) -> None:
        """Draw the camera's habits; `size_hw` is the frame."""
        rng = child(seed, 51)
        self._seed = seed
        self._drift = Drift(rng, 0.12 if rng.random() < 0.25 else 0.0, pace=0.03)
        self._blur = float(rng.uniform(0.35, 0.8)) * size_hw[0] / 256 if rng.random() < 0.2 else 0.0
        self._grain = float(rng.choice([0.0, 0.008, 0.02, 0.04], p=[0.15, 0.4, 0.3, 0.15]) * rng.uniform(0.7, 1.3))
        self._quality = int(rng.integers(55, 92)) if rng.random() < 0.15 else None
        room = (size_hw[0] + 32, size_hw[1] + 32, 3)
        self._field = rng.standard_normal(room, dtype=np.float32) if self._grain else None

    def expose(self, linear: Floats, index: int) -> Floats:
        """Scene-linear in, scene-linear out, (H, W, 3): drift, softness, then grain that grows with the light."""
        out = linear * np.float32(np.exp2(self._drift(float(index))))
        if self._blur:
            out = np.asarray(cv2.GaussianBlur(out, (0, 0), self._blur), np.float32)
        if self._field is not None:
            height, width = out.shape[:2]
            y, x = child(self._seed, 52, index).integers(0, 32, 2)
            grain = self._field[y : y + height, x : x + width]
            # Shot noise: its deviation follows the square root of the light.
            out = out + grain * (
                np.sqrt(np.maximum(out, 0)) * np.float32(self._grain) + np.float32(0.1 * self._grain**1.5)
            )
        seen: Floats = np.maximum(out, 0)
        return seen

    def compress(self, image: Bytes) -> Bytes:
        """8-bit display values in and out: sometimes through a JPEG."""
        if self._quality is None:
            return image
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
