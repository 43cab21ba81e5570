"""Layers: where pixels are, what subjects draw there and know of the backdrop, and how layers are put together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from engine.clips.novm_p.exact import Colour, Floats, as_floats, cosine, linear, sine, tint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.clips.novm_p.noise import Draws


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


@dataclass(frozen=True)
class Setting:
    """A backdrop in a few words.

    Attributes:
        level: its typical linear light, 0..1.
        colours: those that it is painted with, scene-linear.
    """

    level: float
    colours: tuple[Colour, ...]

    def contrast(self, draws: Draws, *, spread: float) -> Colour:
        """Give a near-grey that can be seen before the backdrop: vapour of its own brightness could not."""
        bright = draws.between(0.45, 0.8) if self.level < 0.2 else draws.pick((0.03, 0.05, 0.8, 0.9))
        return _varied(draws, (bright, bright, bright), spread)

    def shared(self, draws: Draws) -> Colour:
        """Give a colour for a solid: as often as not one of the backdrop's own, a little off."""
        if draws.unit() < 0.5:
            return _varied(draws, draws.pick(self.colours), 0.35)
        return any_colour(draws)


def any_colour(draws: Draws, *, vivid: float = 0.7) -> Colour:
    """Give a random colour, from greyish to as vivid as asked."""
    value, grey = draws.between(0.2, 0.95), 1.0 - draws.between(0.15, vivid)
    parts = [1.0, draws.unit(), 0.0]
    first = draws.whole(0, 5)
    order = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))[first]
    red, green, blue = (linear(value * (grey + (1.0 - grey) * parts[index])) for index in order)
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    """Give a colour brighter or darker."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def _varied(draws: Draws, colour: Colour, spread: float) -> Colour:
    red, green, blue = (part * (1.0 + draws.around(spread)) for part in colour)
    return red, green, blue


FAINT = 1.0 / 1024.0
"""An alpha under this is nothing: it would not reach half a step of 8 bits."""


@dataclass(frozen=True)
class Layer:
    """A thing on one frame.

    Attributes:
        grid: the part of the frame that it fills.
        colour_chw: (3, h, w) float32, straight, scene-linear, from 0 on.
        alpha_hw: (h, w) float32, 0..1.
    """

    grid: Grid
    colour_chw: Floats
    alpha_hw: Floats


class Drawn(Protocol):
    """Anything that can be drawn: a subject, a distractor, an occluder.

    Its own units are frame heights at zoom 1; `reach` bounds it around its centre.
    """

    reach: float
    whole: bool
    """It must be drawn in one piece; others are pictures of a place and may be drawn band by band."""

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give straight colour (3, h, w) and alpha (h, w) over the grid at a time in frames."""
        ...


class Stack:
    """Premultiplied layers being put over one another, from back to front."""

    def __init__(self, grid: Grid) -> None:
        """Start with nothing."""
        self.grid = grid
        self._light = np.zeros((3, grid.height, grid.width), np.float32)
        self._alpha = np.zeros((grid.height, grid.width), np.float32)

    def over(self, part: Grid, colour: Colour | Floats, alpha_hw: Floats) -> None:
        """Put a part in front: one colour or a picture (3, h, w), and its alpha."""
        rows, columns = self.grid.within(part)
        light = colour if isinstance(colour, np.ndarray) else tint(colour)
        rest = 1.0 - alpha_hw
        self._light[:, rows, columns] = self._light[:, rows, columns] * rest + light * alpha_hw
        self._alpha[rows, columns] = self._alpha[rows, columns] * rest + alpha_hw

    def straight(self) -> tuple[Floats, Floats]:
        """Give straight colour and alpha."""
        return straight(self._light, self._alpha)


def straight(light_chw: Floats, alpha_hw: Floats) -> tuple[Floats, Floats]:
    """Divide premultiplied light by alpha: straight colour (0 where there is nothing) and alpha."""
    there = alpha_hw >= FAINT
    alpha = np.where(there, alpha_hw, np.float32(0.0))
    return as_floats(light_chw * np.where(there, 1.0 / np.maximum(alpha_hw, FAINT), 0.0)), as_floats(alpha)


def draw(thing: Drawn, grid: Grid, poses: Iterable[tuple[Pose, float]]) -> Layer | None:
    """Draw a thing on a frame, as the mean of its poses and times while the shutter is open; None outside the frame."""
    moments = list(poses)
    parts = [grid.around(pose.x, pose.y, thing.reach * pose.zoom) for pose, _ in moments]
    seen = [part for part in parts if part is not None]
    if not seen:
        return None
    left, top = min(p.left for p in seen), min(p.top for p in seen)
    right, bottom = max(p.left + p.width for p in seen), max(p.top + p.height for p in seen)
    window = Grid(left, top, right - left, bottom - top, grid.centre, grid.pixel)
    light = np.zeros((3, window.height, window.width), np.float32)
    cover = np.zeros((window.height, window.width), np.float32)
    for band in [window] if thing.whole else window.bands():
        rows, columns = window.within(band)
        for pose, time in moments:
            colour, alpha = thing.draw(band, pose, time)
            light[:, rows, columns] += colour * alpha
            cover[rows, columns] += alpha
    share = 1.0 / len(moments)
    return Layer(window, *straight(as_floats(light * share), as_floats(cover * share)))
