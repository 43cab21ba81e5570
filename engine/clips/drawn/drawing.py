"""Polygons with exact fractional coverage, drawn over-sampled on a small canvas of (tone, coverage)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.clips.drawn.colour import Floats
    from engine.clips.drawn.motion import Matrix
    from engine.clips.drawn.subjects import Window

Points = npt.NDArray[np.float64]
_SHIFT = 4


class Canvas:
    """A window of the frame, over-sampled, where polygons carry a tone 0..1 and add coverage.

    Coverage is a polygon count on a 4x4 (2x2 for very large windows) grid to a pixel, so overlapping shapes of one
    subject unite instead of adding up.
    """

    def __init__(self, window: Window, *, over: int | None = None) -> None:
        self.window = window
        self.over = over or (4 if window.width * window.height <= 640 * 640 else 2)
        self._image = np.zeros((window.height * self.over, window.width * self.over, 2), np.uint8)

    def place(self, points: Points, matrix: Matrix) -> Points:
        """Own-unit points (..., 2) to this canvas's pixels."""
        px = points @ matrix[:, :2].T + matrix[:, 2]
        return np.asarray((px - np.array([self.window.x, self.window.y])) * self.over)

    def fill(self, polygons: Iterable[Points], tones: Sequence[float] | Points) -> None:
        """Fill placed polygons (n, 2), one after the other, each with its tone 0..1."""
        for points, tone in zip(polygons, tones, strict=True):
            self._polygon(_fixed(points), float(tone))

    def _polygon(self, fixed: npt.NDArray[np.int32], tone: float) -> None:
        cv2.fillPoly(self._image, [fixed], (tone * 255, 255), cv2.LINE_8, _SHIFT)

    def cut(self, polygons: Iterable[Points]) -> None:
        """Clear placed polygons: holes."""
        for points in polygons:
            cv2.fillPoly(self._image, [_fixed(points)], (0, 0), cv2.LINE_8, _SHIFT)

    def ribbons(self, lines: Points, widths_px: Points, tones: Points) -> None:
        """Fill lines (count, k, 2) as ribbons whose width in frame pixels is given along them, (count, k) or (k,)."""
        along = np.gradient(lines, axis=1)
        length = np.maximum(np.hypot(along[..., 0], along[..., 1]), 1e-6)[..., None]
        normal = np.stack([-along[..., 1], along[..., 0]], -1) / length
        # fillPoly also paints the outline's own pixels: about one canvas pixel of extra width.
        half = np.maximum(widths_px * self.over - 1.0, 0.0)[..., None] * 0.5
        ribbons = _fixed(np.concatenate([lines + normal * half, (lines - normal * half)[:, ::-1]], 1))
        for ribbon, tone in zip(ribbons, tones.tolist(), strict=True):
            self._polygon(ribbon, tone)

    def resolve(self, blur_px: float = 0.0) -> tuple[Floats, Floats]:
        """The window's tone (straight) and alpha, both (h, w) 0..1, optionally softened by a Gaussian."""
        size = (self.window.width, self.window.height)
        small = np.asarray(cv2.resize(self._image, size, interpolation=cv2.INTER_AREA), np.float32)
        if blur_px > 0.3:
            small = np.asarray(cv2.GaussianBlur(small, (0, 0), blur_px), np.float32)
        alpha = small[..., 1]
        tone = small[..., 0] / np.maximum(alpha, np.float32(0.5))
        return np.clip(tone, 0, 1), alpha * np.float32(1 / 255)


def _fixed(points: Points) -> npt.NDArray[np.int32]:
    return np.asarray(np.rint((points - 0.5) * (1 << _SHIFT)), np.int32)
