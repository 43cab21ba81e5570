"""Clear things: glass shapes and bubble clusters. Alpha matting has no refraction: what is behind shows unbent."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.clips.drawn.motion import Floats, Matrix, Pose, to_linear
from engine.clips.drawn.noise import Drift, child, fbm, sheet, smoothstep
from engine.clips.drawn.solids import Outline
from engine.clips.drawn.subjects import MID_GREY, Canvas, Layer, Points, Size, Subject, Window
from engine.clips.drawn.textures import palette


class Glass(Subject):
    """A bottle, tumbler, lens, pane or free form: a dense rim, a thin tinted inside, highlights near alpha 1.

    There is no refraction: the picture behind it is tinted, never bent, because an alpha cannot hold a bend.
    """

    reach = 1.45
    upright = True
    clear = True

    def __init__(self, seed: int, behind: Floats = MID_GREY, *, hide: bool = False) -> None:
        rng = child(seed, 17)
        self._seed = seed
        self._outline = _glass_outline(rng)
        self._inside = float(rng.uniform(0.08, 0.4))
        self._rim = float(rng.uniform(0.55, 0.95))
        self._rim_wide = float(rng.uniform(0.03, 0.12))
        self._tint = _clear_tint(rng, 2, behind)
        del hide
        self._level = float(rng.uniform(-0.3, 0.8)) if rng.random() < 0.4 else None
        self._fill = float(rng.uniform(0.2, 0.5))
        self._slide = (Drift(rng, 0.06), Drift(rng, 0.06))
        self._turn = Drift(rng, float(rng.uniform(0.0, 0.18)))
        self._gloss = float(rng.uniform(0.012, 0.05))
        self._spots = [_Spot.draw(rng) for _ in range(int(rng.integers(1, 5)))]
        self._body = np.zeros((1, 1, 4), np.float32)
        self._shine = np.zeros((1, 1), np.float32)
        self._cover = np.zeros((1, 1), np.float32)

    def prepare(self, unit_px: float, line_px: float, *, draft: bool = False) -> None:  # noqa: D102
        super().prepare(unit_px, line_px, draft=draft)
        side = self.sheet_side()
        rng = child(self._seed, 18)
        matrix = self.matrix(Pose(0.5, 0.5, 0.0, 1.0), (side, side))
        canvas = Canvas(Window(0, 0, side, side))
        canvas.fill([canvas.place(self._outline, matrix)], [1.0])
        _, cover = canvas.resolve()
        self._cover = cover
        self._body = self._make_body(rng, cover, side)
        self._shine = np.zeros((side, side), np.float32)
        for spot in self._spots:
            spot.paint(self._shine, self.reach)
        self._shine = np.asarray(cv2.GaussianBlur(self._shine, (0, 0), max(0.5, self._gloss * unit_px)), np.float32)

    def _make_body(self, rng: np.random.Generator, cover: Floats, side: int) -> Floats:
        solid = (cover > 0.5).astype(np.uint8)
        depth = cv2.distanceTransform(solid, cv2.DIST_L2, 5) * np.float32(2 * self.reach / side)
        streak = sheet(rng, side, 14, 3) - np.float32(0.5)
        inside = np.float32(self._inside) * (1 + np.float32(0.7) * streak + 0.5 * (fbm(rng, side, 3, 3) - 0.5))
        if self._level is not None:
            axis = (np.arange(side, dtype=np.float32) + 0.5) / side * np.float32(2 * self.reach) - np.float32(
                self.reach
            )
            inside = inside + np.float32(self._fill) * smoothstep(self._level - 0.02, self._level + 0.02, axis)[:, None]
        rim = np.exp(-depth / np.float32(self._rim_wide))
        alpha = np.clip(inside + (np.float32(self._rim) - inside) * rim, 0.03, 0.97)
        colour = self._tint[0] + (self._tint[1] - self._tint[0]) * rim[..., None]
        alpha = np.asarray(alpha * cover, np.float32)
        return np.dstack([colour * alpha[..., None], alpha]).astype(np.float32)

    def draw(self, pose: Pose, time: float, size_hw: Size) -> Layer | None:  # noqa: D102
        matrix = self.matrix(pose, size_hw)
        # The shape narrows as if it turned about its own axis; its highlights stay with the lights and slide over it.
        matrix[:, 0] *= 1 - abs(self._turn(time))
        window = self.window(self.matrix(pose, size_hw), size_hw)
        if window is None:
            return None
        body = self.lay(self._body, matrix, window)
        cover = self.lay(self._cover, matrix, window)
        slid = matrix.copy()
        slid[:, 2] += matrix[:, :2] @ np.array([self._slide[0](time), self._slide[1](time)])
        shine = self.lay(self._shine, slid, window) * cover
        keep = 1 - shine
        alpha = body[..., 3] * keep + shine
        premultiplied = body[..., :3] * keep[..., None] + shine[..., None] * np.float32(1.1)
        colour = premultiplied / np.maximum(alpha, np.float32(1e-4))[..., None]
        return Layer(window.x, window.y, colour, alpha)


@dataclass(frozen=True)
class _Spot:
    """One highlight in own units: an ellipse or a window-like bar."""

    x: float
    y: float
    long: float
    wide: float
    angle: float
    strength: float

    @staticmethod
    def draw(rng: np.random.Generator) -> _Spot:
        x, y = rng.uniform(-0.5, 0.5), rng.uniform(-0.7, 0.7)
        long, wide = rng.uniform(0.04, 0.5), rng.uniform(0.02, 0.07)
        angle = float(rng.choice([np.pi / 2, 1.2], p=[0.75, 0.25]) + rng.normal(0, 0.06))
        return _Spot(float(x), float(y), float(long), float(wide), angle, float(rng.uniform(0.6, 0.98)))

    def paint(self, image: Floats, reach: float) -> None:
        unit = image.shape[0] / (2 * reach) * 16
        centre = (int((self.x + reach) * unit), int((self.y + reach) * unit))
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = np.stack([np.cos(angle) * self.long, np.sin(angle) * self.wide], 1) * unit
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        points = (ring @ np.array([[cos, sin], [-sin, cos]]) + centre).astype(np.int32)
        cv2.fillPoly(image, [points], self.strength, cv2.LINE_AA, 4)


class Bubbles(Subject):
    """A cluster of bubbles that drifts as one: fresnel rims, nearly empty insides, highlights, a slow wobble."""

    reach = 1.6
    clear = True

    def __init__(self, seed: int, behind: Floats = MID_GREY, *, hide: bool = False) -> None:
        rng = child(seed, 19)
        count = int(rng.integers(4, 16))
        away = np.sqrt(rng.random(count)) * 0.85
        angle = rng.uniform(0, 2 * np.pi, count)
        self._spot = np.stack([np.cos(angle), np.sin(angle)], 1) * away[:, None]
        self._radius = np.sort(np.exp(rng.uniform(np.log(0.12), np.log(rng.uniform(0.3, 0.6)), count)))[::-1]
        self._drift = [(Drift(rng, 0.12), Drift(rng, 0.12), Drift(rng, 0.12, pace=0.1)) for _ in range(count)]
        self._inside = float(rng.uniform(0.05, 0.2))
        self._ring = float(rng.uniform(0.6, 0.98))
        self._power = float(rng.uniform(0.8, 2.0))
        self._tint = _clear_tint(rng, 3, behind)
        del hide
        self._film = float(rng.choice([0.0, 0.5, 1.0]))
        light = rng.uniform(0, 2 * np.pi)
        self._lights = [(float(light), 0.62, 0.13), (float(light + np.pi + rng.normal(0, 0.3)), 0.7, 0.08)]
        self._sprites: list[Floats] = []

    def prepare(self, unit_px: float, line_px: float, *, draft: bool = False) -> None:  # noqa: D102
        super().prepare(unit_px, line_px, draft=draft)
        # One sprite for each size class, so that small bubbles are not minified into aliasing.
        biggest = float(self._radius[0]) * unit_px * 2.2
        self._sprites = [self._sprite(int(np.clip(biggest / 2**k, 10, 2048))) for k in range(3)]

    def _sprite(self, side: int) -> Floats:
        axis = ((np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1) * np.float32(1 + 3 / side)
        x, y = np.meshgrid(axis, axis)
        r2 = np.minimum(x * x + y * y, np.float32(1))
        pixel = 2.0 / side
        cover = 1 - smoothstep(1 - 2 * pixel, 1.0, np.sqrt(x * x + y * y))
        fresnel = (1 - np.sqrt(1 - r2)) ** np.float32(self._power)
        alpha = np.float32(self._inside) + np.float32(self._ring - self._inside) * fresnel
        phase = np.float32(self._film * 6) * fresnel + np.float32(self._film * 1.5) * y
        mix = (0.5 + 0.5 * np.sin(phase + np.float32(0.7)))[..., None]
        colour = self._tint[0] * (1 - mix) + self._tint[1] * mix
        shine = np.zeros_like(r2)
        for angle, away, size in self._lights:
            gap = (x - np.float32(np.cos(angle) * away)) ** 2 + (y - np.float32(np.sin(angle) * away)) ** 2
            shine = np.maximum(shine, 0.96 * (1 - smoothstep((0.5 * size) ** 2, (1.4 * size) ** 2, gap)))
        alpha, shine = alpha * cover, shine * cover
        out = np.dstack([colour * (alpha * (1 - shine))[..., None] + shine[..., None], alpha * (1 - shine) + shine])
        return out.astype(np.float32)

    def draw(self, pose: Pose, time: float, size_hw: Size) -> Layer | None:  # noqa: D102
        matrix = self.matrix(pose, size_hw)
        window = self.window(matrix, size_hw)
        if window is None:
            return None
        total = np.zeros((window.height, window.width, 4), np.float32)
        for index in range(len(self._radius)):
            self._add(total, window, matrix, index, time)
        alpha = np.ascontiguousarray(total[..., 3])
        return Layer(window.x, window.y, total[..., :3] / np.maximum(alpha, np.float32(1e-4))[..., None], alpha)

    def _add(self, total: Floats, window: Window, matrix: Matrix, index: int, time: float) -> None:
        dx, dy, wobble = (drift(time) for drift in self._drift[index])
        centre = matrix[:, :2] @ (self._spot[index] + [dx, dy]) + matrix[:, 2] - [window.x, window.y]
        radius = float(self._radius[index]) * float(np.hypot(matrix[0, 0], matrix[1, 0]))
        wide, high = radius * (1 + wobble), radius * (1 - wobble)
        x0, y0 = max(0, int(centre[0] - wide - 1)), max(0, int(centre[1] - high - 1))
        x1 = min(window.width, int(centre[0] + wide + 2))
        y1 = min(window.height, int(centre[1] + high + 2))
        if x1 <= x0 or y1 <= y0:
            return
        level = int(np.clip(np.log2(max(float(self._radius[0] / self._radius[index]), 1.0)), 0, len(self._sprites) - 1))
        sprite = self._sprites[level]
        side = sprite.shape[0]
        # A bubble does not turn with the cluster: its lights stay where they are.
        warp = np.array([[2 * wide / side, 0, centre[0] - wide + wide / side - 0.5 - x0],
                         [0, 2 * high / side, centre[1] - high + high / side - 0.5 - y0]])  # fmt: skip
        bubble = cv2.warpAffine(sprite, warp, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
        part = total[y0:y1, x0:x1]
        part *= 1 - bubble[..., 3:]
        part += bubble


def _clear_tint(rng: np.random.Generator, count: int, behind: Floats) -> Floats:
    """(count, 3) linear colours; mostly apart in brightness from what is behind, or nothing would be seen."""
    tint = palette(rng, count)
    level, own = float(behind.mean()), float(tint.mean())
    if abs(own - level) < 0.3:
        tint = tint + np.float32((level + 0.45 if level < 0.55 else level - 0.45) - own)
    tinted: Floats = to_linear(np.clip(tint, 0.02, 1.0).astype(np.float32)) * np.float32(rng.uniform(0.9, 1.3))
    return tinted


def _glass_outline(rng: np.random.Generator) -> Points:
    """A closed polygon: turned profiles (bottle, tumbler, goblet), a lens, a pane, or a free form."""
    form = str(rng.choice(["bottle", "tumbler", "goblet", "lens", "pane", "free"]))
    if form == "lens":
        angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        return np.asarray(np.stack([np.cos(angle), np.sin(angle)], 1) * rng.uniform(0.55, 1.0, 2))
    if form == "pane":
        half = rng.uniform(0.5, 1.0, 2)
        corner = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
        return np.asarray(corner + rng.normal(0, 0.08, (4, 2)))
    if form == "free":
        outline = Outline(rng, alive=0.0)
        outline.family = "fourier"
        return outline.parts(0.0)[0][0] * 0.8
    height = np.linspace(-1.15, 1.15, 60)
    if form == "bottle":
        neck, body = rng.uniform(0.1, 0.2), rng.uniform(0.3, 0.6)
        shoulder = rng.uniform(-0.6, -0.1)
        half = neck + (body - neck) / (1 + np.exp(-(height - shoulder) * rng.uniform(7, 20)))
    elif form == "tumbler":
        half = rng.uniform(0.5, 0.8) - rng.uniform(-0.05, 0.12) * height
    else:
        bowl = rng.uniform(0.45, 0.75) * np.sqrt(np.clip(1 - ((height + 0.55) / 0.65) ** 2, 0, 1))
        half = np.maximum(
            np.maximum(bowl, 0.06), rng.uniform(0.35, 0.55) * np.clip((height - 0.98) / 0.17, 0, 1) ** 0.5
        )
    profile = np.stack([half, height], 1)
    return np.concatenate([profile, (profile * [-1, 1])[::-1]])
