"""Panes and vessels: a vase, tinted films, and ferns of ice that grow on a pane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import Colour, Floats, as_floats, cosine, ease, eased, sine, sines, tint, turns
from engine.clips.novm_p.layers import Setting, any_colour
from engine.clips.novm_p.noise import billow, cells

if TYPE_CHECKING:
    from engine.clips.novm_p.layers import Grid, Pose, Setting
    from engine.clips.novm_p.noise import Draws


class Glass:
    """A vase on its axis: clear in the middle, dense at its sides and foot, part filled with something tinted."""

    reach = 0.5
    whole = False

    def __init__(self, draws: Draws, setting: Setting) -> None:
        self._radii = [draws.between(0.07, 0.2) for _ in range(5)]
        self._radii[0] = draws.between(0.1, 0.2)
        self._filled = draws.between(-0.05, 0.2)
        self._tint = any_colour(draws, vivid=0.9)
        level = 0.75 if setting.level < 0.35 else draws.pick((0.08, 0.9))
        self._edge: Colour = (level * 0.9, level, level * 0.95)
        self._lamp = draws.between(0.35, 0.65)
        self._flutes = float(draws.pick((0, 0, 9, 14)))

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give the glass's light with its reflections, and its alpha."""
        u, v = grid.local(pose)
        pixel = grid.pixel / pose.zoom
        radius = np.full_like(v, self._radii[0])
        for index, (above, below) in enumerate(zip(self._radii, self._radii[1:], strict=False)):
            top = -0.42 + 0.2 * index
            radius += (below - above) * ease(top, top + 0.2, v)
        across = u / radius
        side = np.abs(across)
        inside = np.clip((radius - np.abs(u)) / pixel + 0.5, 0.0, 1.0) * np.clip((0.42 - np.abs(v)) / pixel + 0.5, 0, 1)
        square = across * across
        wall = square * square * square * square
        foot = ease(0.36, 0.4, v)
        slosh = self._filled + 0.06 * u * sine(0.05 * time)
        wet = np.clip((v - slosh) / pixel + 0.5, 0.0, 1.0) * ease(0.97, 0.9, side)
        streak = ease(0.09, 0.02, as_floats(np.abs(across + self._lamp))) * ease(0.4, 0.3, np.abs(v)) * 0.85
        streak = np.maximum(streak, 0.5 * ease(0.05, 0.01, as_floats(np.abs(across - 0.78))))
        if self._flutes:
            streak = streak + 0.12 * np.maximum(sines(as_floats(across * (0.6 + 0.4 * square) * self._flutes)), 0.0)
        lip = ease(0.014, 0.004, as_floats(np.abs(v + 0.41))) + ease(0.008, 0.002, np.abs(v - slosh)) * 0.6
        bright = np.minimum(streak + 0.7 * lip, 1.0)
        alpha = inside * np.minimum(0.07 + 0.7 * wall + 0.45 * foot + 0.4 * wet + 0.8 * bright, 1.0)
        body = as_floats(0.07 + 0.7 * wall + 0.45 * foot)
        blend = 0.4 * wet / (0.4 * wet + body)
        light = tint(self._edge) * (1.0 - blend) + tint(self._tint) * blend
        return as_floats(light * (1.0 - bright) + 1.0 * bright), as_floats(alpha)


class Film:
    """One sheet of tinted film, scalloped like a jellyfish or cut as a gel: the same thickness all over but its hem."""

    reach = 0.42
    whole = False

    def __init__(self, draws: Draws, setting: Setting) -> None:
        del setting
        self._lobes = float(draws.pick((3, 4, 5, 6, 8)))
        self._deep = draws.between(0.02, 0.07)
        self._radius = draws.between(0.24, 0.31)
        self._alpha = draws.between(0.35, 0.6)
        self._tint = any_colour(draws, vivid=0.95)
        self._pulse = draws.between(0.02, 0.05)
        self._salt = draws.salt()

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give the film's tint and its alpha: fractional everywhere."""
        u, v = grid.local(pose)
        pixel = grid.pixel / pose.zoom
        away = np.sqrt(u * u + v * v)
        turn = turns(u, v)
        radius = self._radius + self._deep * sines(as_floats(turn * self._lobes + self._pulse * time))
        gap = radius - away
        inside = np.clip(gap / pixel + 0.5, 0.0, 1.0)
        hem = ease(0.035, 0.008, gap)
        rib = np.maximum(sines(as_floats(turn * (3.0 * self._lobes))), 0.0) * ease(0.05, 0.28, away)
        veil = billow(u * 5.0, v * 5.0, self._salt, 3, turn=0.01 * time)
        alpha = inside * np.clip(self._alpha + 0.3 * hem + 0.14 * rib + 0.1 * veil, 0.05, 0.97)
        light = 0.8 + 0.25 * veil + 0.35 * hem - 0.8 * v
        return as_floats(tint(self._tint) * np.clip(light, 0.2, 1.8) + 0.03), as_floats(alpha)


class Frost:
    """Ferns of ice on a pane: spines with barbs at sixty degrees that grow through the clip, and rime between."""

    reach = 0.72
    whole = True

    def __init__(self, draws: Draws, setting: Setting) -> None:
        self._salt = draws.salt()
        count = draws.whole(7, 11)
        self._pace = draws.between(0.008, 0.02)
        self._spines = [
            (index / count + draws.around(0.05), draws.between(0.3, 0.64), draws.around(0.2), draws.unit())
            for index in range(count)
        ]
        level = 0.8 if setting.level < 0.5 else 1.0
        self._tint: Colour = (level * 0.88, level * 0.95, level)
        self._dense = draws.between(0.5, 0.75)

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give icy light and the crystals' alpha."""
        ice = np.zeros((grid.height, grid.width), np.float32)
        rime = np.zeros_like(ice)
        grown = min(0.62 + self._pace * time, 1.0)
        for angle, long, bend, phase in self._spines:
            self._fern(ice, rime, grid, pose, (angle, long, bend, phase), grown)
        u, v = grid.local(pose)
        near, second, owner = cells(u * 34.0, v * 34.0, self._salt)
        crystal = ease(0.3, 0.02, second - near)
        haze = billow(u * 6.0, v * 6.0, self._salt + 3, 3)
        alpha = np.maximum(ice, 0.0) * self._dense + rime * np.maximum(0.3 + 0.3 * haze + 0.25 * crystal, 0.0)
        light = 0.75 + 0.25 * owner * (1.0 - ice) + 0.2 * ice
        return as_floats(tint(self._tint) * light), as_floats(np.minimum(alpha, 0.95))

    def _fern(
        self, ice: Floats, rime: Floats, grid: Grid, pose: Pose, spine: tuple[float, float, float, float], grown: float
    ) -> None:
        angle, long, bend, phase = spine
        u, v, steps = 0.0, 0.0, 22
        for step in range(steps):
            share = (step + 1) / steps
            if share > grown:
                break
            heading = angle + bend * share
            nu, nv = u + cosine(heading) * long / steps, v + sine(heading) * long / steps
            _needle(ice, grid, pose, (u, v), (nu, nv), 0.0055 * (1.2 - share))
            fresh = eased(0.0, 0.25, grown - share)
            barb = 0.26 * long * (1.1 - share) * (0.7 + 0.3 * sine(phase + 3.0 * share)) * fresh
            for way in (-1.0, 1.0):
                tip_u, tip_v = nu + cosine(heading + way / 6.0) * barb, nv + sine(heading + way / 6.0) * barb
                _needle(ice, grid, pose, (nu, nv), (tip_u, tip_v), 0.003)
                for part in (0.4, 0.7):
                    at = nu + (tip_u - nu) * part, nv + (tip_v - nv) * part
                    to = (
                        at[0] + cosine(heading) * 0.35 * barb * (1.2 - part),
                        at[1] + sine(heading) * 0.35 * barb * (1.2 - part),
                    )
                    _needle(ice, grid, pose, at, to, 0.0022)
            self._mist(rime, grid, pose, (nu, nv), 0.05 + 0.7 * barb)
            u, v = nu, nv

    @staticmethod
    def _mist(rime: Floats, grid: Grid, pose: Pose, at: tuple[float, float], radius: float) -> None:
        x, y = pose.outwards(*at)
        part = grid.around(x, y, radius * pose.zoom)
        if part is None:
            return
        scale = 1.0 / (radius * pose.zoom)
        dx, dy = (part.x_1w - x) * scale, (part.y_h1 - y) * scale
        rows, columns = grid.within(part)
        rime[rows, columns] = np.maximum(rime[rows, columns], ease(1.0, 0.2, as_floats(dx * dx + dy * dy)))


def _needle(
    ice: Floats, grid: Grid, pose: Pose, start: tuple[float, float], end: tuple[float, float], wide: float
) -> None:
    """Lay a soft line between two points given in own units."""
    ax, ay = pose.outwards(*start)
    bx, by = pose.outwards(*end)
    half = max(wide * pose.zoom, 0.5 * grid.pixel)
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    if square <= 0.0:
        return
    part = grid.around((ax + bx) / 2.0, (ay + by) / 2.0, 0.5 * (abs(dx) + abs(dy)) + 2.0 * half)
    if part is None:
        return
    x, y = part.x_1w - ax, part.y_h1 - ay
    along = np.clip((x * dx + y * dy) * (1.0 / square), 0.0, 1.0)
    ex, ey = x - along * dx, y - along * dy
    line = np.maximum(1.0 - (ex * ex + ey * ey) * (1.0 / (4.0 * half * half)), 0.0)
    line = line * min(1.0, wide * pose.zoom / half)
    rows, columns = grid.within(part)
    ice[rows, columns] = np.maximum(ice[rows, columns], as_floats(line * (1.0 - 0.4 * along)))
