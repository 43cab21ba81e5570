"""Glass: a vase seen mostly by its sides, its foot and its reflections; and tinted films, seen through all over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import Colour, Floats, as_floats, ease, sine, sines, tint, turns
from engine.clips.novm_p.noise import billow
from engine.clips.novm_p.setting import Setting, any_colour

if TYPE_CHECKING:
    from engine.clips.novm_p.draws import Draws
    from engine.clips.novm_p.grid import Grid, Pose


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
