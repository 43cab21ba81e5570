"""Opaque things: organic blobs, polygons, articulated figures; and the same in true motion blur."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.clips.drawn.motion import Matrix, Pose
from engine.clips.drawn.noise import Drift, child
from engine.clips.drawn.subjects import MID_GREY, Canvas, Layer, Points, Size, Subject, Window
from engine.clips.drawn.textures import palette, texture

if TYPE_CHECKING:
    from engine.clips.drawn.motion import Floats


class Surface:
    """A texture in own units with a light from one side."""

    def __init__(self, seed: int, *, near: Floats | None, reach: float, flat: bool = False) -> None:
        rng = child(seed, 71)
        self._seed, self._reach, self._flat = seed, reach, flat
        self.colours = palette(rng, 5, near=near)
        self.relief = float(rng.choice([0.0, 0.5, 1.2]))
        self.light = float(rng.uniform(0, 2 * np.pi))
        self.tone_gain = float(rng.choice([0.3, 0.8, 1.4]))
        self.sheet = np.zeros((1, 1, 3), np.float32)

    def prepare(self, side: int) -> None:
        """Draw the texture sheet at a side in pixels."""
        self.sheet = texture(child(self._seed, 72), side, colours=self.colours, flat=self._flat)

    def shade(self, image: Floats, tone: Floats, alpha: Floats) -> Floats:
        """Texture by tone and relief: image (h, w, 3), tone and alpha (h, w)."""
        gain = 1.0 + np.float32(self.tone_gain) * (tone - np.float32(0.5))
        if self.relief:
            size = max(3, int(0.22 * max(alpha.shape)) | 1)
            soft = cv2.blur(cv2.blur(alpha, (size, size)), (size, size))
            dx, dy = np.cos(self.light) * size, np.sin(self.light) * size
            gain = gain + np.float32(self.relief) * (cv2.Sobel(soft, cv2.CV_32F, 1, 0) * dx / 8
                                                     + cv2.Sobel(soft, cv2.CV_32F, 0, 1) * dy / 8)  # fmt: skip
        return np.asarray(image * np.clip(gain, 0.15, 2.5)[..., None], np.float32)


class Outline:
    """A family of closed outlines in own units that may wobble over time."""

    def __init__(self, rng: np.random.Generator, *, alive: float) -> None:
        family = rng.choice(["fourier", "polygon", "figure", "star", "ring"], p=[0.36, 0.2, 0.24, 0.12, 0.08])
        self.family = str(family)
        self.alive = alive
        self.squash = rng.uniform(0.5, 1.0, 2) / 0.85
        count = 7
        self.order = np.arange(2, 2 + count)
        self.size = rng.normal(0, rng.uniform(0.15, 0.5), count) / self.order ** rng.uniform(0.7, 1.3)
        self.phase = rng.uniform(0, 2 * np.pi, count)
        self.speed = rng.normal(0, 0.12, count)
        self.corners = int(rng.integers(3, 9))
        self.jag = rng.uniform(0.55, 1.25, 2 * self.corners)
        self.corner_angle = (np.arange(self.corners) + rng.uniform(-0.4, 0.4, self.corners)) * 2 * np.pi / self.corners
        self.regular = bool(rng.random() < 0.5)
        self.limbs = [_Limb(rng) for _ in range(int(rng.integers(3, 8)))]
        self.hole = float(rng.uniform(0.35, 0.7))
        self.tones = rng.uniform(0.1, 0.9, 12)

    def parts(self, time: float) -> tuple[list[Points], list[float], list[Points]]:
        """Polygons, their tones, and holes, at a time in frames."""
        body = self._round(time)
        tones = [float(t) for t in self.tones]
        if self.family == "polygon":
            angle = np.arange(self.corners) * 2 * np.pi / self.corners if self.regular else self.corner_angle
            ring = self.jag[: self.corners] if not self.regular else np.ones(self.corners)
            corners = np.stack([np.cos(angle), np.sin(angle)], 1) * ring[:, None] * self.squash
            return [corners - corners.mean(0)], tones[:1], []
        if self.family == "star":
            angle = np.arange(2 * self.corners) * np.pi / self.corners
            ring = np.where(np.arange(2 * self.corners) % 2, self.hole, 1.1)
            return [np.stack([np.cos(angle), np.sin(angle)], 1) * ring[:, None] * self.squash], tones[:1], []
        if self.family == "ring":
            return [body], tones[:1], [body * self.hole]
        if self.family == "figure":
            limbs = [limb.polygon(time, self.alive) for limb in self.limbs]
            return [*limbs, body * 0.62], tones[: len(limbs) + 1], []
        return [body], tones[:1], []

    def _round(self, time: float) -> Points:
        angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
        phase = self.phase + self.alive * self.speed * time
        radius = 1 + np.sum(self.size[:, None] * np.cos(self.order[:, None] * angle + phase[:, None]), 0)
        radius = np.clip(radius, 0.25, 1.5)[:, None]
        return np.asarray(radius * np.stack([np.cos(angle), np.sin(angle)], 1) * self.squash)


class _Limb:
    """A tapering arm that swings about its root."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.angle = float(rng.uniform(0, 2 * np.pi))
        self.length = float(rng.uniform(0.7, 1.45))
        self.width = rng.uniform(0.08, 0.3, 3)
        self.swing = Drift(rng, float(rng.uniform(0.1, 0.9)), pace=0.05)
        self.bend = float(rng.normal(0, 0.4))

    def polygon(self, time: float, alive: float) -> Points:
        along = np.linspace(0, 1, 8)
        angle = self.angle + self.swing(time * alive) + self.bend * along
        spine = np.stack([np.cos(angle), np.sin(angle)], 1) * (along * self.length)[:, None]
        normal = np.gradient(spine, axis=0)
        normal = np.stack([-normal[:, 1], normal[:, 0]], 1) / np.maximum(np.hypot(*normal.T), 1e-6)[:, None]
        half = np.interp(along, [0, 0.5, 1], self.width)[:, None] * np.sqrt(np.clip(1.15 - along, 0.02, 1))[:, None]
        return np.concatenate([spine + normal * half, (spine - normal * half)[::-1]])


class Blob(Subject):
    """An opaque textured solid with an edge from hard to eight pixels soft (at a frame height of 256)."""

    reach = 1.65

    def __init__(self, seed: int, behind: Floats = MID_GREY, *, hide: bool = False) -> None:
        rng = child(seed, 11)
        self._outline = Outline(rng, alive=float(rng.choice([0.0, 0.5, 1.5])))
        self._surface = Surface(seed, near=behind if hide else None, reach=self.reach)
        self._softness = float(rng.choice([0.5, 1.0, 2.5, 5.0, 8.0], p=[0.3, 0.3, 0.2, 0.12, 0.08]))

    def prepare(self, unit_px: float, line_px: float, *, draft: bool = False) -> None:  # noqa: D102
        super().prepare(unit_px, line_px, draft=draft)
        self._surface.prepare(16 if draft else self.sheet_side())

    def draw(self, pose: Pose, time: float, size_hw: Size) -> Layer | None:  # noqa: D102
        matrix = self.matrix(pose, size_hw)
        blur = 0.4 * self._softness * self.line_px
        window = self.window(matrix, size_hw, margin=2 + 3 * blur)
        return None if window is None else self._layer(matrix, window, time, blur)

    def _layer(self, matrix: Matrix, window: Window, time: float, blur: float) -> Layer:
        canvas = Canvas(window)
        polygons, tones, holes = self._outline.parts(time)
        canvas.fill([canvas.place(p, matrix) for p in polygons], tones)
        canvas.cut([canvas.place(p, matrix) for p in holes])
        tone, alpha = canvas.resolve(blur if self._softness > 1 else 0.0)
        image = self.lay(self._surface.sheet, matrix, window, border=cv2.BORDER_REFLECT_101)
        return Layer(window.x, window.y, self._surface.shade(image, tone, alpha), alpha)


class Motion(Subject):
    """An opaque solid moving fast under an open shutter: the mean of sub-frames of premultiplied RGBA."""

    reach = 1.65

    def __init__(self, seed: int, behind: Floats = MID_GREY, *, hide: bool = False) -> None:
        rng = child(seed, 12)
        self._outline = Outline(rng, alive=0.0)
        self._surface = Surface(seed, near=behind if hide else None, reach=self.reach)
        self._shutter = float(rng.uniform(0.5, 1.0))
        style = rng.choice(["swing", "spin", "both"])
        amount = 0.0 if style == "spin" else float(rng.uniform(0.06, 0.2))
        self._period = float(rng.uniform(9, 18))
        self._phase = rng.uniform(0, 2 * np.pi, 2)
        self._swing = amount * np.array([rng.uniform(0.3, 1), rng.uniform(0.0, 0.8)])
        spin = rng.uniform(0.1, 0.28) if style != "swing" else rng.uniform(0, 0.05)
        self._spin = float(spin * rng.choice([-1, 1]))
        self._sheet = np.zeros((1, 1, 4), np.float32)

    def prepare(self, unit_px: float, line_px: float, *, draft: bool = False) -> None:  # noqa: D102
        super().prepare(unit_px, line_px, draft=draft)
        side = self.sheet_side()
        self._surface.prepare(side)
        still = Pose(0.5, 0.5, 0.0, 1.0)
        matrix = self.matrix(still, (side, side))
        canvas = Canvas(Window(0, 0, side, side))
        polygons, tones, holes = self._outline.parts(0.0)
        canvas.fill([canvas.place(p, matrix) for p in polygons], tones)
        canvas.cut([canvas.place(p, matrix) for p in holes])
        tone, alpha = canvas.resolve()
        colour = self._surface.shade(self._surface.sheet, tone, alpha)
        self._sheet = np.dstack([colour * alpha[..., None], alpha])

    def draw(self, pose: Pose, time: float, size_hw: Size) -> Layer | None:  # noqa: D102
        # Several sub-frames a pixel of travel are waste, too few show as ghosts.
        ends = [self.matrix(self._at(pose, time + s * self._shutter), size_hw) for s in (-0.5, 0.5)]
        travel = float(np.max(np.abs((ends[1] - ends[0]) @ np.array([[1.0, 0], [0, 1.0], [0, 0]]))))
        travel += float(np.hypot(*(ends[1] - ends[0])[:, 2]))
        count = int(np.clip(np.ceil(travel / 2.5), 6, 24))
        moments = time + ((np.arange(count) + 0.5) / count - 0.5) * self._shutter
        matrices = [self.matrix(self._at(pose, float(m)), size_hw) for m in moments]
        window = _union([self.window(m, size_hw) for m in matrices])
        if window is None:
            return None
        total = np.zeros((window.height, window.width, 4), np.float32)
        for matrix in matrices:
            cv2.accumulate(self.lay(self._sheet, matrix, window), total)
        total *= np.float32(1 / count)
        alpha = np.ascontiguousarray(total[..., 3])
        colour = total[..., :3] / np.maximum(alpha, np.float32(1e-4))[..., None]
        return Layer(window.x, window.y, colour, np.minimum(alpha, 1.0))

    def _at(self, pose: Pose, time: float) -> Pose:
        angle = 2 * np.pi * time / self._period + self._phase
        offset = self._swing * (np.sin(angle) - np.sin(self._phase))
        return replace(pose, x=pose.x + offset[0], y=pose.y + offset[1], turn=pose.turn + self._spin * time)


def _union(windows: list[Window | None]) -> Window | None:
    found = [w for w in windows if w is not None]
    if not found:
        return None
    x0, y0 = min(w.x for w in found), min(w.y for w in found)
    x1, y1 = max(w.x + w.width for w in found), max(w.y + w.height for w in found)
    return Window(x0, y0, x1 - x0, y1 - y0)
