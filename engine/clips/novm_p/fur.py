"""Fur: strands about a body, each bent by its own weight and the same wind."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import Floats, as_floats, cosine, decays, ease, sine, sines, tint
from engine.clips.novm_p.noise import billow
from engine.clips.novm_p.setting import Setting, scaled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.clips.novm_p.draws import Draws
    from engine.clips.novm_p.grid import Grid, Pose

_STRANDS = 1500


class Fur:
    """A furry animal's back or head: a dense body, strands all round that droop and blow."""

    reach = 0.6
    whole = True

    def __init__(self, draws: Draws, setting: Setting) -> None:
        self._salt = draws.salt()
        self._size = draws.between(0.13, 0.2)
        self._flat = draws.between(0.7, 1.25)
        self._long = draws.between(0.12, 0.26)
        self._pace, self._wind = draws.between(0.02, 0.05), draws.between(0.1, 0.4)
        self._wide = draws.between(0.0016, 0.0026)
        coat = setting.shared(draws)
        self._coat, self._dark = scaled(coat, draws.between(0.9, 1.3)), scaled(coat, draws.between(0.15, 0.4))
        lock = [(draws.unit(), draws.around(0.08)) for _ in range(40)]
        rows = []
        for _ in range(_STRANDS):
            angle, lean = draws.pick(lock)
            angle += draws.around(0.035)
            rows.append((angle, lean + draws.around(0.05), draws.between(0.5, 1.1), draws.unit(), draws.unit()))
        self._rows = np.array(rows, np.float64)

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give the coat's light and its alpha: 1 in the body, fractional among the strands."""
        count = max(8, math.ceil(1.6 * 1.1 * self._long * pose.zoom / grid.pixel))
        lanes = max(1, round(self._wide * pose.zoom / grid.pixel))
        u, v, wide = self._paths(count, time)
        share = self._wide * pose.zoom / (grid.pixel * lanes)
        step = self._rows[:, 2, None] * self._long * pose.zoom / (grid.pixel * count)
        cover = np.zeros(grid.width * grid.height)
        shade = np.zeros_like(cover)
        tone = (0.25 + 0.5 * self._rows[:, 3, None]) + 0.3 * (np.arange(count)[None, :] / float(count))
        c, s = cosine(pose.angle) * pose.zoom, sine(pose.angle) * pose.zoom
        for lane in range(lanes):
            aside = (lane - (lanes - 1) / 2.0) * self._wide / lanes
            x, y = pose.x + c * (u + aside) - s * v, pose.y + s * (u + aside) + c * v
            weight = wide * step * share
            _scatter(grid, x, y, [(weight, cover), (weight * tone, shade)])
        hairs = as_floats(cover.reshape(grid.height, grid.width))
        tones = as_floats(shade.reshape(grid.height, grid.width)) / np.maximum(hairs, 1e-4)
        alpha = 1.0 - decays(as_floats(hairs * 1.3))
        gu, gv = grid.local(pose)
        grain = billow(gu * 9.0, gv * 26.0, self._salt, 3)
        away = np.sqrt(gu * gu + gv * gv * (1.0 / (self._flat * self._flat)))
        body = ease(self._size, self._size * 0.9, as_floats(away))
        tones = np.where(hairs > 1e-3, tones, 0.5) + 0.3 * grain - 0.5 * gv
        tones = np.clip(tones, 0.0, 1.2)
        light = tint(self._dark) * (1.0 - tones) + tint(self._coat) * tones
        return as_floats(np.maximum(light, 0.0)), as_floats(alpha + (1.0 - alpha) * body)

    def _paths(self, count: int, time: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Give points of all strands, root to tip, in own units (strands, count), and their width's share."""
        angle, lean, long, phase, depth = (self._rows[:, index, None] for index in range(5))
        along = (np.arange(count) + 0.5)[None, :] / float(count)
        root = self._size * (0.7 + 0.35 * depth)
        a = as_floats(angle)
        ru, rv = sines(a + np.float32(0.25)) * root, sines(a) * root * self._flat
        heading = as_floats(angle + lean)
        gust = sines(as_floats(self._pace * time + 0.35 * phase + 0.5 * ru)) * self._wind
        reach = long * self._long * along
        curve = along * reach
        u = ru + sines(heading + np.float32(0.25)) * reach + gust * curve
        v = rv + sines(heading) * reach + 0.55 * curve
        return u, v, 1.0 - 0.85 * along * along


def _scatter(
    grid: Grid,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    amounts: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> None:
    """Add amounts at points, each shared by the four pixels around it; bincount adds in the order of the points."""
    px = x.ravel() / grid.pixel + (grid.centre[0] - 0.5 - grid.left)
    py = y.ravel() / grid.pixel + (grid.centre[1] - 0.5 - grid.top)
    column, row = np.floor(px), np.floor(py)
    fx, fy = px - column, py - row
    for i, j in ((0, 0), (1, 0), (0, 1), (1, 1)):
        part = (fx if i else 1.0 - fx) * (fy if j else 1.0 - fy)
        left, top = column + i, row + j
        inside = (left >= 0) & (left < grid.width) & (top >= 0) & (top < grid.height)
        index = (top * grid.width + left)[inside].astype(np.int64)
        for weight, total in amounts:
            np.add(total, np.bincount(index, (weight.ravel() * part)[inside], total.size), out=total)
