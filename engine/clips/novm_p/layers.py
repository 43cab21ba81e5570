"""What subjects draw: straight linear colour and alpha over a part of the frame; and how layers are put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from engine.clips.novm_p.exact import Colour, Floats, as_floats, tint
from engine.clips.novm_p.grid import Grid, Pose

if TYPE_CHECKING:
    from collections.abc import Iterable

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
