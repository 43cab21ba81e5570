"""Where pixels are: frames and parts of frames in units of the frame's height, centred, y down."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.clips.novm_p.exact import Floats, as_floats, cosine, sine


@dataclass(frozen=True)
class Pose:
    """Where a thing is: centre in frame heights from the frame's centre, angle in turns (clockwise), size factor."""

    x: float
    y: float
    angle: float = 0.0
    zoom: float = 1.0

    def outwards(self, u: float, v: float) -> tuple[float, float]:
        """Give the frame's x, y of a point of the thing."""
        c, s = cosine(self.angle) * self.zoom, sine(self.angle) * self.zoom
        return self.x + c * u - s * v, self.y + s * u + c * v


@dataclass(frozen=True)
class Grid:
    """A rectangle of pixels.

    Attributes:
        left, top: its first pixel, counted from the frame's; negative outside.
        width, height: pixels.
        centre: the frame's centre in pixels from its top-left corner.
        pixel: frame heights to one pixel.
    """

    left: int
    top: int
    width: int
    height: int
    centre: tuple[float, float]
    pixel: float

    @staticmethod
    def frame(size: tuple[int, int]) -> Grid:
        """Give all pixels of a frame of a width and height."""
        width, height = size
        return Grid(0, 0, width, height, (width / 2.0, height / 2.0), 1.0 / height)

    @property
    def x_1w(self) -> Floats:
        """Pixel centres across: (1, W)."""
        columns = np.arange(self.left, self.left + self.width).astype(np.float64)
        return as_floats((columns + 0.5 - self.centre[0]) * self.pixel)[None, :]

    @property
    def y_h1(self) -> Floats:
        """Pixel centres down: (H, 1)."""
        rows = np.arange(self.top, self.top + self.height).astype(np.float64)
        return as_floats((rows + 0.5 - self.centre[1]) * self.pixel)[:, None]

    @property
    def inside(self) -> tuple[slice, slice]:
        """Rows and columns of the frame's arrays."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def around(self, x: float, y: float, radius: float) -> Grid | None:
        """Give the part of this grid within a radius of a point, or None where there is none of it."""
        at_x, at_y, reach = x / self.pixel + self.centre[0], y / self.pixel + self.centre[1], radius / self.pixel + 1.0
        left, right = (min(max(math.floor(at_x + s * reach), self.left), self.left + self.width) for s in (-1, 1))
        top, bottom = (min(max(math.floor(at_y + s * reach), self.top), self.top + self.height) for s in (-1, 1))
        if right <= left or bottom <= top:
            return None
        return Grid(left, top, right - left, bottom - top, self.centre, self.pixel)

    def within(self, part: Grid) -> tuple[slice, slice]:
        """Give the rows and columns of this grid's own arrays that a part of it fills."""
        rows = slice(part.top - self.top, part.top - self.top + part.height)
        return rows, slice(part.left - self.left, part.left - self.left + part.width)

    def bands(self, pixels: int = 60_000) -> list[Grid]:
        """Give this grid as a stack of flat ones that fit a processor's cache."""
        rows = max(1, pixels // self.width)
        return [
            Grid(self.left, top, self.width, min(rows, self.top + self.height - top), self.centre, self.pixel)
            for top in range(self.top, self.top + self.height, rows)
        ]

    def local(self, pose: Pose) -> tuple[Floats, Floats]:
        """Give every pixel in a thing's own units: u (H, W) to its right, v (H, W) downwards."""
        c, s = cosine(pose.angle) / pose.zoom, sine(pose.angle) / pose.zoom
        x, y = self.x_1w - pose.x, self.y_h1 - pose.y
        return as_floats(c * x + s * y), as_floats(c * y - s * x)
