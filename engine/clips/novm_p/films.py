"""Tinted films: sheets that show what is behind them all over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import Floats, as_floats, ease, sines, tint, turns
from engine.clips.novm_p.noise import billow
from engine.clips.novm_p.setting import Setting, any_colour

if TYPE_CHECKING:
    from engine.clips.novm_p.draws import Draws
    from engine.clips.novm_p.grid import Grid, Pose


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
