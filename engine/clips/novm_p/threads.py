"""Threads: fur bent by the wind, lace with holes, and woven sheets with a frayed edge."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import Floats, as_floats, cosine, decays, ease, fraction, sine, sines, tint, turns
from engine.clips.novm_p.layers import Setting, scaled
from engine.clips.novm_p.noise import billow, lattice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.clips.novm_p.layers import Grid, Pose
    from engine.clips.novm_p.noise import Draws

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


class Lace:
    """A hanging panel of tulle: hexagonal mesh, flowers worked into it, a scalloped hem."""

    reach = 0.55
    whole = False

    def __init__(self, draws: Draws, setting: Setting) -> None:
        self._mesh = draws.between(16.0, 26.0)
        self._flower = draws.between(3.0, 5.0)
        self._petals = float(draws.whole(4, 7))
        self._wide, self._tall = draws.between(0.3, 0.42), draws.between(0.22, 0.33)
        self._wave, self._pace = draws.between(0.01, 0.022), draws.between(0.02, 0.05)
        self._thread = scaled(setting.contrast(draws, spread=0.25), 0.9)
        self._turn = draws.unit()

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give the threads' light and their cover."""
        u, v = grid.local(pose)
        pixel = grid.pixel / pose.zoom
        swing = self._pace * time
        fall = 0.3 + (v + self._tall) * (1.0 / self._tall)
        wave = sines(as_floats(u * 1.8 + v * 0.7 - swing + self._turn))
        p = u + self._wave * fall * sines(as_floats(v * 1.5 - 0.8 * swing))
        q = v + self._wave * wave * fall
        hem = self._tall - 0.02 + 0.025 * np.abs(sines(as_floats(p * 4.5)))
        gap = np.minimum(self._wide - np.abs(p), np.minimum(hem - q, q + self._tall))
        panel = np.clip(gap / pixel + 0.5, 0.0, 1.0)
        border = np.maximum(ease(0.022, 0.014, gap), 0.85 * _thread(gap - 0.036, 0.0035, pixel))
        threads = np.maximum(_thread(_hexagons(p, q, self._mesh), 0.0028, pixel), border)
        threads = np.maximum(threads, self._flowers(p, q, pixel))
        light = 0.78 + 0.22 * sines(as_floats(u * 1.8 + v * 0.7 - swing + self._turn + 0.2))
        return as_floats(tint(self._thread) * light), as_floats(panel * threads * 0.97)

    def _flowers(self, p: Floats, q: Floats, pixel: float) -> Floats:
        """Give petals of close-worked thread with a dense outline, one flower to a cell of a brick pattern."""
        row = np.floor(q * self._flower)
        a = fraction(p * self._flower + fraction(0.5 * row)) - 0.5
        b = fraction(q * self._flower) - 0.5
        away = np.sqrt(a * a + b * b) * (1.0 / self._flower)
        radius = (0.22 + 0.1 * sines(as_floats(turns(as_floats(a), as_floats(b)) * self._petals))) * (
            1.0 / self._flower
        )
        filled = ease(0.0, 0.012, as_floats(radius - away)) * 0.55
        outline = _thread(as_floats(np.abs(radius - away)), 0.004, pixel)
        return as_floats(np.maximum(np.maximum(filled, outline), ease(0.022, 0.014, as_floats(away))))


def _thread(away: Floats, half: float, pixel: float) -> Floats:
    """Give the cover of a line by the distance to its middle; one thinner than a pixel covers a share of it."""
    wide = max(half, 0.5 * pixel)
    return as_floats(np.clip((wide - np.abs(away)) / pixel + 0.5, 0.0, 1.0) * (half / wide))


def _hexagons(p: Floats, q: Floats, pitch: float) -> Floats:
    """Give the distance to the nearest wall of a honeycomb with so many cells to the unit."""
    x, y = p * pitch, q * pitch
    best = None
    for shift_x, shift_y in ((0.0, 0.0), (0.5, 0.8660254)):
        a = fraction(x - shift_x) - 0.5
        b = 1.7320508 * (fraction((y - shift_y) * (1.0 / 1.7320508)) - 0.5)
        wall = 0.5 - np.maximum(np.abs(a), 0.5 * np.abs(a) + 0.8660254 * np.abs(b))
        best = wall if best is None else np.maximum(best, wall)
    return as_floats(np.abs(best if best is not None else x) * (1.0 / pitch))


class Cloth:
    """A flag or shawl in a checked weave: folds that run through it, and a fringe of loose threads at its free edge."""

    reach = 0.62
    whole = False

    def __init__(self, draws: Draws, setting: Setting) -> None:
        self._salt = draws.salt()
        self._wide, self._tall = draws.between(0.26, 0.36), draws.between(0.16, 0.26)
        self._fringe = draws.between(0.06, 0.11)
        self._wave, self._pace = draws.between(0.02, 0.05), draws.between(0.03, 0.07)
        self._pitch = draws.between(1.2, 2.4)
        self._base, self._band = setting.shared(draws), setting.shared(draws)
        self._checks = draws.between(4.0, 9.0)
        self._sheer = draws.between(0.0, 0.35)

    def draw(self, grid: Grid, pose: Pose, time: float) -> tuple[Floats, Floats]:
        """Give the weave's light under its folds, and its cover."""
        u, v = grid.local(pose)
        pixel = grid.pixel / pose.zoom
        free = np.clip((u + self._wide) * (1.0 / (2.0 * self._wide)), 0.0, 1.4)
        travel = u * self._pitch + 0.4 * v - self._pace * time
        rise = self._wave * free * sines(as_floats(travel)) + 0.3 * self._wave * sines(as_floats(1.9 * travel + 0.3))
        q = v - rise
        p = u + 0.35 * self._wave * free * sines(as_floats(travel + 0.25 + q))
        ragged = 0.012 * billow(as_floats(q * 22.0), as_floats(p * 0.0 + 3.0), self._salt, 3)
        edge = self._wide - p + ragged
        sides = np.minimum(self._tall - np.abs(q), p + self._wide)
        body = np.clip(np.minimum(edge, sides) / pixel + 0.5, 0.0, 1.0)
        comb = q * 85.0
        thread = np.floor(comb)
        loose = lattice(thread, np.zeros_like(thread), self._salt)
        curl = (
            (0.2 + loose) * np.maximum(-edge, 0.0) * 9.0 * sines(as_floats(loose * 3.0 + self._pace * time - 4.0 * p))
        )
        off = np.abs(fraction(comb + curl) - 0.5)
        strand = np.clip((0.3 - off) / (85.0 * pixel) + 0.5, 0.0, 1.0) * min(1.0, 0.6 / (85.0 * pixel))
        length = self._fringe * (0.35 + 0.65 * loose)
        fringe = strand * ease(0.0, -0.02, as_floats(-edge - length)) * (edge < pixel)
        fringe = fringe * np.clip(sides / pixel + 0.5, 0.0, 1.0)
        thin = 1.0 - self._sheer * (0.5 + 0.5 * sines(as_floats(q * self._checks)))
        alpha = np.maximum(body * thin, fringe * 0.85)
        fold = 0.72 + 0.3 * sines(as_floats(travel + 0.3)) * np.minimum(free + 0.3, 1.0)
        return as_floats(self._weave(as_floats(p), as_floats(q)) * fold), as_floats(alpha)

    def _weave(self, p: Floats, q: Floats) -> Floats:
        across = ease(-0.1, 0.1, sines(as_floats(p * self._checks)) - np.float32(0.3))
        down = ease(-0.1, 0.1, sines(as_floats(q * self._checks)) - np.float32(0.3))
        share = 0.5 * across + 0.5 * down
        yarn = 1.0 + 0.12 * sines(as_floats((p + q) * 60.0)) + 0.1 * billow(p * 30.0, q * 30.0, self._salt + 9, 2)
        return as_floats((tint(self._base) * (1.0 - share) + tint(self._band) * share) * yarn)
