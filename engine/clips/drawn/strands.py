"""Fine structure: hair on an opaque core, and perforated patches (nets, lace, webs, foliage)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.clips.drawn.noise import child
from engine.clips.drawn.solids import Outline, Surface
from engine.clips.drawn.subjects import MID_GREY, Canvas, Layer, Points, Size, Subject

if TYPE_CHECKING:
    from engine.clips.drawn.motion import Floats, Pose

THIN_PX = 0.6
"""No strand or thread is drawn thinner than this, in frame pixels."""


class Sway:
    """A slow travelling wave that moves points, (..., 2) in own units, over time in frames."""

    def __init__(self, rng: np.random.Generator, amplitude: float) -> None:
        self._wave = rng.normal(0, 1.6, (3, 2))
        self._speed = rng.uniform(0.08, 0.35, 3)
        self._phase = rng.uniform(0, 2 * np.pi, (3, 2))
        self._size = amplitude * rng.dirichlet(np.ones(3))

    def __call__(self, points: Points, time: float) -> Points:
        """The displacement of each point."""
        turn = points @ self._wave.T + self._speed * time
        return np.asarray(self._size @ np.sin(turn[..., None] + self._phase))


class Hair(Subject):
    """An opaque core with hundreds of tapering strands rooted on it, each with fractional coverage."""

    reach = 2.1
    _KNOTS = 8

    def __init__(self, seed: int, behind: Floats = MID_GREY, *, hide: bool = False) -> None:
        rng = child(seed, 13)
        self._outline = Outline(rng, alive=0.0)
        self._outline.family = "fourier"
        self._outline.size *= 0.5
        self._surface = Surface(seed, near=behind if hide else None, reach=self.reach, flat=bool(rng.random() < 0.6))
        count = int(rng.integers(180, 480))
        self._length = float(rng.choice([0.3, 0.55, 0.9]) * rng.uniform(0.8, 1.2))
        self._width = rng.uniform(0.6, 1.6) * rng.uniform(0.7, 1.3, count)
        self._tones = np.clip(0.5 + rng.normal(0, 0.25, count), 0, 1)
        self._lines = self._grow(rng, count)
        self._sway = Sway(rng, float(rng.uniform(0.05, 0.3)) * self._length)

    def _grow(self, rng: np.random.Generator, count: int) -> Points:
        body = self._outline.parts(0.0)[0][0]
        arc, start = rng.choice([0.35, 0.7, 1.0]), rng.random()
        root = ((start + arc * rng.random(count)) % 1.0 * len(body)).astype(int)
        outward = body[root] / np.hypot(*body[root].T)[:, None]
        angle = np.arctan2(outward[:, 1], outward[:, 0]) + rng.normal(0, rng.uniform(0.1, 0.5), count)
        along = np.linspace(0, 1, self._KNOTS)
        # Locks: neighbouring strands curl alike, with a little of their own.
        lock = rng.normal(0, rng.uniform(0.2, 1.4), 12)[(root * 12) // len(body)]
        curl = (lock + rng.normal(0, 0.35, count))[:, None] * along
        wave = rng.uniform(0, 0.5) * np.sin(along[None] * rng.uniform(4, 14) + lock[:, None] * 3)
        heading = angle[:, None] + curl + wave
        length = self._length * rng.uniform(0.4, 1.25, count)
        fall = np.stack([np.cos(heading), np.sin(heading)], -1)
        fall[..., 1] += rng.uniform(0, 0.8) * along
        steps = fall * (length / (self._KNOTS - 1))[:, None, None]
        steps[:, 0] = 0
        return np.asarray(body[root][:, None] * 0.93 + np.cumsum(steps, axis=1))

    def prepare(self, unit_px: float, line_px: float, *, draft: bool = False) -> None:  # noqa: D102
        super().prepare(unit_px, line_px, draft=draft)
        self._surface.prepare(16 if draft else self.sheet_side())

    def draw(self, pose: Pose, time: float, size_hw: Size) -> Layer | None:  # noqa: D102
        matrix = self.matrix(pose, size_hw)
        window = self.window(matrix, size_hw)
        if window is None:
            return None
        along = np.linspace(0, 1, self._KNOTS)
        lines = self._lines + self._sway(self._lines, time) * (along**1.5)[None, :, None]
        width = np.maximum(self._width[:, None] * self.line_px * pose.zoom * (1 - 0.75 * along), THIN_PX)
        canvas = Canvas(window)
        polygons, tones, _ = self._outline.parts(time)
        canvas.fill([canvas.place(p, matrix) for p in polygons], tones)
        canvas.ribbons(canvas.place(lines, matrix), width, self._tones)
        tone, alpha = canvas.resolve()
        image = self.lay(self._surface.sheet, matrix, window, border=cv2.BORDER_REFLECT_101)
        return Layer(window.x, window.y, self._surface.shade(image, tone, alpha), alpha)


class Net(Subject):
    """A perforated patch: threads in a grid, diamonds, a web or lace, or leaves with holes, swaying."""

    reach = 1.75

    def __init__(self, seed: int, behind: Floats = MID_GREY, *, hide: bool = False) -> None:
        rng = child(seed, 14)
        self._surface = Surface(seed, near=behind if hide else None, reach=self.reach, flat=bool(rng.random() < 0.7))
        self._weave = str(rng.choice(["grid", "diamond", "web", "lace", "leaves", "sieve"]))
        self._shape = rng.uniform(0.7, 1.0, 2)
        self._width = float(rng.uniform(0.9, 2.8))
        self._rope = float(rng.uniform(1.2, 3.0)) * self._width
        self._sway = Sway(rng, float(rng.uniform(0.05, 0.22)))
        self._rest = Sway(rng, float(rng.uniform(0.0, 0.25)))
        self._lines, self._edges = self._threads(rng)
        self._fills, self._holes = self._sheets(rng)
        self._tones = np.clip(0.5 + rng.normal(0, 0.2, 4096), 0, 1)

    def _threads(self, rng: np.random.Generator) -> tuple[Points, Points]:
        """Inner threads (n, k, 2) and rim threads (m, k, 2)."""
        if self._weave in {"grid", "diamond"}:
            return self._grid(rng)
        if self._weave == "web":
            return _web(rng)
        if self._weave == "lace":
            return self._lace(rng)
        return np.zeros((0, 2, 2)), np.zeros((0, 2, 2))

    def _grid(self, rng: np.random.Generator) -> tuple[Points, Points]:
        count, k = int(rng.integers(7, 18)), 16
        at, along = np.linspace(-1, 1, count), np.linspace(-1, 1, k)
        a = np.stack(np.broadcast_arrays(at[:, None], along[None]), -1)
        lines = np.concatenate([a, a[..., ::-1]])
        if self._weave == "diamond":
            lines = lines @ np.array([[0.71, -0.71], [0.71, 0.71]]) * 1.25
        rim = lines[[0, count - 1, count, 2 * count - 1]]
        return lines * self._shape, rim * self._shape

    def _lace(self, rng: np.random.Generator) -> tuple[Points, Points]:
        count, k = int(rng.integers(4, 8)), 14
        angle = np.linspace(0, 2 * np.pi, k)
        circle = np.stack([np.cos(angle), np.sin(angle)], -1)
        at = np.linspace(-1, 1, count)
        spots = np.stack(np.meshgrid(at, at), -1).reshape(-1, 1, 2)
        pitch = 2.0 / (count - 1)
        rings = [spots + circle * pitch * float(r) for r in rng.choice([0.22, 0.36, 0.5, 0.62], 2, replace=False)]
        grid = np.stack(np.broadcast_arrays(at[:, None], np.linspace(-1, 1, k)[None]), -1)
        grid = np.concatenate([grid, grid[..., ::-1]])
        return np.concatenate([*rings, grid]) * self._shape, grid[[0, count - 1, count, -1]] * self._shape

    def _sheets(self, rng: np.random.Generator) -> tuple[Points, Points]:
        """Filled patches (n, k, 2) and the holes in them (m, k, 2), for the kinds that are sheets and not threads."""
        angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        circle = np.stack([np.cos(angle), np.sin(angle)], -1)
        if self._weave == "sieve":
            outline = Outline(rng, alive=0.0)
            outline.family = "fourier"
            body = outline.parts(0.0)[0][0]
            count = int(rng.integers(5, 12))
            at = np.linspace(-1.2, 1.2, count)
            spots = np.stack(np.meshgrid(at, at), -1).reshape(-1, 2) + rng.normal(0, 0.02, (count * count, 2))
            radius = (2.4 / count) * rng.uniform(0.18, 0.42, count * count)
            return body[None], spots[:, None] + circle * radius[:, None, None]
        if self._weave == "leaves":
            leaf = circle * np.array([1.0, 0.38]) * (1 - 0.25 * np.cos(angle))[:, None]
            leaves = []
            for _ in range(int(rng.integers(60, 150))):
                turn, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.07, 0.2)
                rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
                away, where = np.sqrt(rng.random()) * 1.05, rng.uniform(0, 2 * np.pi)
                leaves.append(leaf @ rotate.T * size + away * np.array([np.cos(where), np.sin(where)]) * self._shape)
            return np.stack(leaves), np.zeros((0, 2, 2))
        return np.zeros((0, 2, 2)), np.zeros((0, 2, 2))

    def prepare(self, unit_px: float, line_px: float, *, draft: bool = False) -> None:  # noqa: D102
        super().prepare(unit_px, line_px, draft=draft)
        self._surface.prepare(16 if draft else self.sheet_side())

    def draw(self, pose: Pose, time: float, size_hw: Size) -> Layer | None:  # noqa: D102
        matrix = self.matrix(pose, size_hw)
        window = self.window(matrix, size_hw)
        if window is None:
            return None
        canvas = Canvas(window)
        unit = self.line_px * pose.zoom
        canvas.fill(canvas.place(self._bend(self._fills, time), matrix), self._tones[: len(self._fills)])
        canvas.cut(canvas.place(self._bend(self._holes, time), matrix))
        for lines, width in ((self._lines, self._width), (self._edges, self._rope)):
            if len(lines):
                placed = canvas.place(self._bend(lines, time), matrix)
                wide = np.full(placed.shape[:2], max(width * unit, THIN_PX))
                canvas.ribbons(placed, wide, self._tones[: len(placed)])
        tone, alpha = canvas.resolve()
        image = self.lay(self._surface.sheet, matrix, window, border=cv2.BORDER_REFLECT_101)
        return Layer(window.x, window.y, self._surface.shade(image, tone, alpha), alpha)

    def _bend(self, points: Points, time: float) -> Points:
        bent = points + self._rest(points, 0.0)
        return np.asarray(bent + self._sway(bent, time))


def _web(rng: np.random.Generator) -> tuple[Points, Points]:
    spokes, rings, k = int(rng.integers(9, 18)), int(rng.integers(6, 12)), 8
    angle = np.sort(np.arange(spokes) + rng.uniform(-0.3, 0.3, spokes)) * 2 * np.pi / spokes
    tips = np.stack([np.cos(angle), np.sin(angle)], -1) * rng.uniform(0.85, 1.2, spokes)[:, None]
    radial = tips[:, None] * np.linspace(0, 1, k)[None, :, None]
    level = np.linspace(0.12, 0.97, rings)[:, None, None, None]
    step = np.linspace(0, 1, k)[:, None]
    chord = tips[:, None] * (1 - step) + np.roll(tips, -1, 0)[:, None] * step
    sag = 1 - 0.12 * np.sin(np.pi * step)
    return np.concatenate([(level * chord * sag).reshape(-1, k, 2), radial]), chord * sag
