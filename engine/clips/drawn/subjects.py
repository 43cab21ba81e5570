"""Subjects: what draws itself as one layer of straight linear colour and alpha; polygons with exact coverage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from engine.clips.drawn.motion import Matrix, Pose, to_pixels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.clips.drawn.motion import Floats, Matrix

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


Size = tuple[int, int]
MID_GREY: Floats = np.full(3, 0.5, np.float32)
"""What lies behind a subject when nobody says."""


@dataclass(frozen=True)
class Layer:
    """A subject on one frame, cut to the window it needs.

    Attributes:
        x: the window's left pixel column on the frame (origin top-left).
        y: the window's top pixel row.
        colour_hwc: straight (not premultiplied) scene-linear RGB, float32, 0 and up.
        alpha_hw: float32, 0..1.
    """

    x: int
    y: int
    colour_hwc: Floats
    alpha_hw: Floats


@dataclass(frozen=True)
class Window:
    """A rectangle of the frame, in pixels."""

    x: int
    y: int
    width: int
    height: int


class Subject(ABC):
    """A thing in its own units: about 1 from its centre to its edge, y down.

    Each kind is made from its seed, `behind` (a typical display colour (3,) 0..1 of what it stands before) and `hide`:
    take that colour, the hard case. Clear things and vapour cannot hide and be seen at all, so they keep away from it.

    Attributes:
        reach: nothing of it lies further than this from its centre, in its own units.
        upright: it should start upright (flames, bottles).
        clear: its inside is fractional, so its colour comes from few hues.
    """

    reach: float = 1.3
    upright: bool = False
    clear: bool = False
    scale: float = 64.0
    line_px: float = 1.0

    def prepare(self, unit_px: float, line_px: float, *, draft: bool = False) -> None:
        """Set the resolution before drawing.

        Args:
            unit_px: pixels to one own unit at zoom 1.
            line_px: pixels on this frame to one pixel of a frame 256 high; thin parts scale with it.
            draft: only the alpha will be looked at, so textures may be coarse.
        """
        del draft  # only those with textures make use of it
        self.scale = unit_px
        self.line_px = line_px

    @abstractmethod
    def draw(self, pose: Pose, time: float, size_hw: Size) -> Layer | None:
        """The layer at a time in frames, or None where it is wholly outside the frame."""

    def matrix(self, pose: Pose, size_hw: Size) -> Matrix:
        """From own units to frame pixels."""
        return to_pixels(pose, self.scale, size_hw)

    def window(self, matrix: Matrix, size_hw: Size, *, margin: float = 2.0) -> Window | None:
        """The part of the frame that the subject can touch."""
        radius = self.reach * float(np.hypot(matrix[0, 0], matrix[1, 0])) + margin
        x0, y0 = max(0, int(matrix[0, 2] - radius)), max(0, int(matrix[1, 2] - radius))
        x1 = min(size_hw[1], int(np.ceil(matrix[0, 2] + radius)))
        y1 = min(size_hw[0], int(np.ceil(matrix[1, 2] + radius)))
        return Window(x0, y0, x1 - x0, y1 - y0) if x1 - x0 >= 2 and y1 - y0 >= 2 else None

    def sheet_to_window(self, matrix: Matrix, window: Window, side: int) -> Matrix:
        """The warpAffine matrix that lays a square sheet covering +-reach of own units into the window."""
        unit = 2 * self.reach / side
        out: Matrix = matrix.copy()
        # A sheet pixel's centre i is at own coordinate (i + 0.5) * unit - reach.
        start = 0.5 * unit - self.reach
        out[:, 2] += (matrix[:, 0] + matrix[:, 1]) * start
        out[:, :2] *= unit
        # OpenCV counts pixel centres as integers, ours stand at +0.5.
        out[:, 2] -= np.array([window.x, window.y]) + 0.5
        return out

    def sheet_side(self) -> int:
        """A sheet resolution that matches the frame's pixels."""
        return int(np.clip(round(2 * self.reach * self.scale), 16, 4096))

    def lay(self, sheet: Floats, matrix: Matrix, window: Window, *, border: int = cv2.BORDER_CONSTANT) -> Floats:
        """Warp a square sheet covering +-reach into the window."""
        warp = self.sheet_to_window(matrix, window, sheet.shape[0])
        size = (window.width, window.height)
        return np.asarray(cv2.warpAffine(sheet, warp, size, flags=cv2.INTER_LINEAR, borderMode=border), np.float32)


def own_grid(matrix: Matrix, window: Window, step: int) -> tuple[Floats, Floats]:
    """Own-unit coordinates x, y of a grid over the window, one sample to `step` pixels."""
    inverse = np.linalg.inv(matrix[:, :2])
    cols, rows = -(-window.width // step), -(-window.height // step)
    px = ((np.arange(cols) + 0.5) * step + window.x - matrix[0, 2])[None, :]
    py = ((np.arange(rows) + 0.5) * step + window.y - matrix[1, 2])[:, None]
    x = inverse[0, 0] * px + inverse[0, 1] * py
    y = inverse[1, 0] * px + inverse[1, 1] * py
    return x.astype(np.float32), y.astype(np.float32)


def enlarge(image: Floats, window: Window, step: int) -> Floats:
    """A grid of one sample to `step` pixels back to the window's pixels."""
    if step == 1:
        return image
    size = (image.shape[1] * step, image.shape[0] * step)
    big = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(big[: window.height, : window.width], np.float32)
