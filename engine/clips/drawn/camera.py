"""What a camera adds to the picture and never to the alpha: exposure drift, softness, grain, compression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.clips.drawn.noise import Drift, child

if TYPE_CHECKING:
    from engine.clips.drawn.colour import Bytes, Floats


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
