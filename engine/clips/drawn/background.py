"""What lies behind everything: a large textured sheet under a slow camera, sometimes with things moving on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.clips.drawn.motion import Gait, Path
from engine.clips.drawn.noise import Drift, child, fbm, smoothstep
from engine.clips.drawn.solids import Blob
from engine.clips.drawn.textures import texture

if TYPE_CHECKING:
    from engine.clips.drawn.colour import Floats
    from engine.clips.drawn.subjects import Size, Subject

_ROOM = 1.4
"""The sheet's side, in longer sides of the frame: room for the camera to move."""


class Background:
    """A moving background; `draw` gives one frame of scene-linear RGB."""

    def __init__(self, seed: int, duration: float, size_hw: Size, line_px: float) -> None:
        """Draw the sheet for a frame size; `duration` in frames is how long its moving things need a path."""
        rng = child(seed, 31)
        self._size_hw = size_hw
        side = round(_ROOM * max(size_hw))
        mix = float(rng.uniform(0, 1))
        self._sheet = self._paint(seed, side, mix)
        # Choices hang on these colours, so they must be the same at every frame size.
        self._swatch = cv2.resize(self._paint(seed, 96, mix), (12, 12), interpolation=cv2.INTER_AREA)
        still = rng.random() < 0.25
        amount = 0.0 if still else float(rng.uniform(0.02, 0.11))
        self._pan = (Drift(rng, amount, pace=0.02), Drift(rng, amount, pace=0.02))
        self._zoom = Drift(rng, 0.0 if still else float(rng.uniform(0.0, 0.08)), pace=0.02)
        self._turn = Drift(rng, 0.0 if still else float(rng.uniform(0.0, 0.12)), pace=0.02)
        self._start = rng.uniform(-0.08, 0.08, 2)
        self._extras: list[tuple[Subject, Path]] = []
        for index in range(int(rng.choice([0, 1, 2, 3], p=[0.5, 0.25, 0.15, 0.1]))):
            extra = Blob(seed * 8 + 3 + index)
            extra.prepare(float(rng.uniform(0.03, 0.12)) * float(np.sqrt(size_hw[0] * size_hw[1])), line_px)
            where = tuple(float(v) for v in rng.random(2))
            self._extras.append((extra, Path(child(seed, 32, index), (where[0], where[1]), Gait.draw(rng), duration)))

    @staticmethod
    def _paint(seed: int, side: int, mix: float) -> Floats:
        base = texture(child(seed, 33), side)
        if mix < 0.45:
            other = texture(child(seed, 34), side)
            cover = smoothstep(0.45, 0.5 + 0.4 * mix, fbm(child(seed, 35), side, 2 + int(mix * 8), 3))[..., None]
            base = base + (other - base) * cover
        if mix > 0.85:
            base = np.asarray(cv2.GaussianBlur(base, (0, 0), 0.012 * side), np.float32)
        return np.asarray(base, np.float32)

    def draw(self, time: float) -> Floats:
        """The frame at a time: (H, W, 3) float32, scene-linear, a new array."""
        height, width = self._size_hw
        side, room = self._sheet.shape[0], max(self._size_hw)
        zoom, turn = float(np.exp(-self._zoom(time))) * 0.97, self._turn(time)
        cos, sin = zoom * np.cos(turn), zoom * np.sin(turn)
        cx = side / 2 + room * (self._start[0] + self._pan[0](time))
        cy = side / 2 + room * (self._start[1] + self._pan[1](time))
        linear = np.array([[cos, -sin], [sin, cos]])
        shift = np.array([cx, cy]) - linear @ np.array([width / 2, height / 2])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        matrix = np.column_stack([linear, shift])
        frame = cv2.warpAffine(self._sheet, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        out = np.asarray(frame, np.float32)
        for extra, path in self._extras:
            layer = extra.draw(path(time), time, self._size_hw)
            if layer is not None:
                h, w = layer.alpha_hw.shape
                part = out[layer.y : layer.y + h, layer.x : layer.x + w]
                part += (layer.colour_hwc - part) * layer.alpha_hw[..., None]
        return out

    def colour_at(self, x: float, y: float) -> Floats:
        """A colour typical of the place x, y (fractions of the frame): (3,) 0..1, near enough to display-referred."""
        column, row = (int(12 * (0.5 + (v - 0.5) / _ROOM)) for v in (x, y))
        return np.asarray(np.sqrt(self._swatch[row, column]), np.float32)
