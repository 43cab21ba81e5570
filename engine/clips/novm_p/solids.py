"""Solids: shapes with a patterned surface, subjects when they move too fast for the shutter, else what passes by."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import Floats, as_floats, ease, sine, sines, tint, turns
from engine.clips.novm_p.layers import Setting, scaled
from engine.clips.novm_p.noise import billow, cells

if TYPE_CHECKING:
    from engine.clips.novm_p.layers import Grid, Pose
    from engine.clips.novm_p.noise import Draws

Gap = Callable[[Floats, Floats, float], Floats]
"""How far inside (above 0) a point u, v is at a time."""


class Solid:
    """A patterned thing with a hard edge, shaded from above, on which its shape alone decides what is covered."""

    whole = False

    def __init__(self, draws: Draws, setting: Setting, gap: Gap, *, reach: float = 0.5) -> None:
        self.reach = reach
        self._gap = gap
        self._salt = draws.salt()
        self._style = draws.whole(0, 3)
        self._pitch = draws.between(7.0, 18.0)
        self._first, self._second = setting.shared(draws), scaled(setting.shared(draws), draws.between(0.3, 1.1))

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give the surface's light and the cover of its shape."""
        u, v = grid.local(pose)
        gap = self._gap(u, v, time)
        cover = as_floats(np.clip(gap * (pose.zoom / grid.pixel) + 0.5, 0.0, 1.0))
        picture = np.zeros((3, *cover.shape), np.float32)
        filled = np.flatnonzero(cover.any(axis=0))
        if len(filled):
            # The pattern is the dear part, and most of a post's or a far-thrown thing's square is empty.
            columns = slice(int(filled[0]), int(filled[-1]) + 1)
            u, v, gap = u[:, columns], v[:, columns], gap[:, columns]
            share = self._pattern(u, v)
            light = (0.55 + 0.45 * ease(0.0, 0.05, gap)) * np.clip(1.0 - 0.7 * v, 0.4, 1.5)
            picture[:, :, columns] = (tint(self._first) * (1.0 - share) + tint(self._second) * share) * light
        return picture, cover

    def _pattern(self, u: Floats, v: Floats) -> Floats:
        x, y = u * self._pitch, v * self._pitch
        if self._style == 0:  # cracked glaze
            near, second, owner = cells(x, y, self._salt)
            return as_floats(ease(0.12, 0.03, second - near) * 0.8 + 0.3 * owner)
        if self._style == 1:  # stripes that waver
            return ease(-0.3, 0.3, sines(as_floats(0.35 * x + 0.25 * billow(x * 0.3, y * 0.3, self._salt, 2))))
        if self._style == 2:  # speckled stone
            near, _, owner = cells(x * 1.7, y * 1.7, self._salt)
            return as_floats(ease(0.3, 0.2, near) * owner)
        return as_floats(0.5 + 0.5 * billow(x * 0.25, y * 0.25, self._salt, 4, gain=0.65))


def star(draws: Draws) -> Gap:
    """Give a star, flower or propeller with a random number of blades."""
    blades, deep = float(draws.whole(2, 7)), draws.between(0.25, 0.6)
    radius = draws.between(0.16, 0.24)

    def gap(u: Floats, v: Floats, time: float) -> Floats:
        del time
        outline = radius * (1.0 - deep * (0.5 + 0.5 * sines(as_floats(turns(u, v) * blades))))
        return as_floats((outline - np.sqrt(u * u + v * v)) * 0.8)

    return gap


def gear(draws: Draws) -> Gap:
    """Give a ring with teeth."""
    teeth, radius, hole = float(draws.whole(8, 14)), draws.between(0.16, 0.23), draws.between(0.35, 0.6)

    def gap(u: Floats, v: Floats, time: float) -> Floats:
        del time
        away = np.sqrt(u * u + v * v)
        outline = radius + 0.018 * np.clip(3.0 * sines(as_floats(turns(u, v) * teeth)), -1.0, 1.0)
        return as_floats(np.minimum(outline - away, away - radius * hole))

    return gap


def pill(draws: Draws) -> Gap:
    """Give a rounded bar: a bat, a bottle, a can."""
    half, radius = draws.between(0.08, 0.2), draws.between(0.06, 0.11)

    def gap(u: Floats, v: Floats, time: float) -> Floats:
        del time
        across = np.maximum(np.abs(u) - half, 0.0)
        return as_floats(radius - np.sqrt(across * across + v * v))

    return gap


def walker(draws: Draws) -> Gap:
    """Give somebody who walks past: head, coat and two legs that swing."""
    pace, phase = draws.between(0.04, 0.07), draws.unit()

    def gap(u: Floats, v: Floats, time: float) -> Floats:
        step = 0.11 * sine(pace * time + phase)
        head = 0.055 - np.sqrt(u * u + (v + 0.34) * (v + 0.34))
        coat = np.minimum(0.085 + 0.05 * (v + 0.1) - np.abs(u), 0.21 - np.abs(v + 0.07))
        legs = [_limb(u, v, (0.02 * way, 0.1), (way * step, 0.42), 0.034) for way in (-1.0, 1.0)]
        return as_floats(np.maximum(np.maximum(head, coat), np.maximum(legs[0], legs[1])))

    return gap


def post(draws: Draws) -> Gap:
    """Give a post or trunk that is taller than the frame."""
    half, bulge = draws.between(0.035, 0.06), draws.between(0.0, 0.012)

    def gap(u: Floats, v: Floats, time: float) -> Floats:
        del time
        return as_floats(half + bulge * sines(as_floats(v * 2.0)) - np.abs(u))

    return gap


def _limb(u: Floats, v: Floats, start: tuple[float, float], end: tuple[float, float], radius: float) -> Floats:
    dx, dy = end[0] - start[0], end[1] - start[1]
    x, y = u - start[0], v - start[1]
    along = np.clip((x * dx + y * dy) * (1.0 / (dx * dx + dy * dy)), 0.0, 1.0)
    ex, ey = x - along * dx, y - along * dy
    return as_floats(radius - np.sqrt(ex * ex + ey * ey))
