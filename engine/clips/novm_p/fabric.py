"""Lace and cloth: threads with holes between them, and woven sheets with a frayed edge, moved by travelling waves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import Floats, as_floats, ease, fraction, sines, tint, turns
from engine.clips.novm_p.noise import billow, lattice
from engine.clips.novm_p.setting import Setting, scaled

if TYPE_CHECKING:
    from engine.clips.novm_p.draws import Draws
    from engine.clips.novm_p.grid import Grid, Pose


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
