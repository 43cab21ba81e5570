"""Smoke and fire: advected, domain-warped noise in a moving envelope, Beer-Lambert alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.clips.drawn.motion import Floats, to_linear
from engine.clips.drawn.noise import Drift, child, fbm, sample, smoothstep
from engine.clips.drawn.subjects import MID_GREY, Layer, Size, Subject, enlarge, own_grid
from engine.clips.drawn.textures import palette, ramp

if TYPE_CHECKING:
    from engine.clips.drawn.motion import Pose

_TILE = 256


class Smoke(Subject):
    """Nearly single-coloured vapour: puffs, a plume, or a bank; alpha = 1 - exp(-density)."""

    reach = 1.5
    upright = True
    clear = True

    def __init__(self, seed: int, behind: Floats = MID_GREY, *, hide: bool = False) -> None:
        rng = child(seed, 15)
        self._tiles = (fbm(rng, _TILE, 4, 5, 0.55), fbm(rng, _TILE, 5, 5, 0.6))
        self._shape = str(rng.choice(["puffs", "plume", "bank"]))
        self._pitch = float(rng.uniform(0.16, 0.42))
        self._warp = float(rng.uniform(0.05, 0.22))
        self._wind = rng.normal(0, 0.006, (2, 2))
        self._wind[:, 1] += rng.uniform(0.0, 0.012)
        self._thick = float(np.exp(rng.uniform(np.log(0.7), np.log(2.4))))
        low = rng.uniform(0.0, 0.36)
        self._edge = (float(low), float(low + rng.uniform(0.35, 0.75)))
        count = int(rng.integers(3, 7))
        self._spot = rng.uniform(-0.62, 0.62, (count, 2))
        self._wide = rng.uniform(0.3, 0.62, count)
        self._drift = [(Drift(rng, 0.2), Drift(rng, 0.2)) for _ in range(count)]
        self._lean = Drift(rng, float(rng.uniform(0.05, 0.4)), pace=0.02)
        self._spread = rng.uniform([0.12, 0.3], [0.3, 0.6])
        self._colour = self._tint(rng, behind)
        del hide
        self._light = float(rng.uniform(0.1, 0.8))

    @staticmethod
    def _tint(rng: np.random.Generator, behind: Floats) -> Floats:
        if rng.random() < 0.3:
            return to_linear(palette(rng, 1)[0])
        grey = float(rng.choice([0.06, 0.25, 0.55, 0.85]) * rng.uniform(0.8, 1.15))
        level = float(behind.mean())
        if abs(grey - level) < 0.25:
            # Vapour of its background's own brightness cannot be seen at all.
            grey = level + (0.35 if level < 0.5 else -0.35)
        return to_linear(np.clip(grey + rng.normal(0, 0.04, 3), 0.02, 0.97).astype(np.float32))

    def draw(self, pose: Pose, time: float, size_hw: Size) -> Layer | None:  # noqa: D102
        matrix = self.matrix(pose, size_hw)
        window = self.window(matrix, size_hw)
        if window is None:
            return None
        step = 2 if self.scale * pose.zoom > 24 else 1
        x, y = own_grid(matrix, window, step)
        fog, lit = self._noise(x, y, time)
        density = self._envelope(x, y, time) * smoothstep(*self._edge, fog) * np.float32(self._thick)
        alpha = 1.0 - np.exp(-density)
        shade = np.clip(1.0 + np.float32(self._light) * lit, 0.3, 1.8)
        alpha, shade = enlarge(alpha, window, step), enlarge(shade, window, step)
        return Layer(window.x, window.y, shade[..., None] * self._colour, alpha)

    def _noise(self, x: Floats, y: Floats, time: float) -> tuple[Floats, Floats]:
        a, b = self._tiles
        u, v = x * np.float32(self._pitch), y * np.float32(self._pitch)
        (ax, ay), (bx, by) = (self._wind * time).astype(np.float32)
        warp_u = sample(b, u * np.float32(0.6) + bx, v * np.float32(0.6) + by) - np.float32(0.5)
        warp_v = sample(a, u * np.float32(0.6) + by + np.float32(0.4), v * np.float32(0.6) + bx) - np.float32(0.5)
        k = np.float32(self._warp)
        u, v = u + k * warp_u + ax, v + k * warp_v + ay
        first = sample(a, u, v)
        second = sample(b, u * np.float32(1.7) - ax, v * np.float32(1.7) + by)
        lit = sample(a, u + np.float32(0.012), v + np.float32(0.02)) - first
        return first * np.float32(0.65) + second * np.float32(0.35), lit * np.float32(4)

    def _envelope(self, x: Floats, y: Floats, time: float) -> Floats:
        if self._shape == "plume":
            up = np.clip((np.float32(1.0) - y) * np.float32(0.48), 0, 1)
            centre = np.float32(self._lean(time)) * up * up + np.float32(self._lean(time + 40)) * np.sin(up * 5) * up
            width = np.float32(self._spread[0]) + np.float32(self._spread[1]) * up
            body = np.exp(-(((x - centre) / width) ** 2))
            cap = smoothstep(0.0, 0.3, up) * (1 - smoothstep(0.6, 1.0, up))
            return _fade(np.asarray(1.6 * body * cap, np.float32), x, y, self.reach)
        total = np.zeros_like(x)
        stretch = np.float32(1.0 if self._shape == "puffs" else 2.0)
        for (px, py), wide, (dx, dy) in zip(self._spot, self._wide, self._drift, strict=True):
            gap = (x - np.float32(px + dx(time))) ** 2 + (stretch * (y - np.float32((py + dy(time)) / stretch))) ** 2
            total += np.exp(gap * np.float32(-1 / (wide * wide)))
        return _fade(np.minimum(total * np.float32(1.3), 1.6), x, y, self.reach)


class Fire(Subject):
    """Flames: fast upward noise in tongues that narrow with height; colour by heat, above 1.0 in the core."""

    reach = 1.5
    upright = True
    clear = True

    def __init__(self, seed: int, behind: Floats = MID_GREY, *, hide: bool = False) -> None:
        rng = child(seed, 16)
        self._tiles = (fbm(rng, _TILE, 4, 5, 0.5), fbm(rng, _TILE, 6, 5, 0.6))
        self._pitch = rng.uniform([0.22, 0.14], [0.5, 0.3])
        self._rise = float(rng.uniform(0.015, 0.045))
        count = int(rng.integers(1, 6))
        self._ball = float(rng.uniform(0.7, 1.1)) if rng.random() < 0.3 else 0.0
        self._base = np.linspace(-0.5, 0.5, count) * (count > 1) + rng.normal(0, 0.16, count)
        self._wide = rng.uniform(0.3, 0.9, count) / (1 + 0.25 * (count - 1))
        self._high = rng.uniform(1.2, 2.0, count)
        self._flicker = [Drift(rng, 0.22, pace=0.1) for _ in range(count)]
        self._wave = float(rng.uniform(0.25, 0.9))
        self._thick = float(np.exp(rng.uniform(np.log(0.9), np.log(3.5))))
        self._fuel, self._torn = float(rng.uniform(1.1, 1.4)), float(rng.uniform(0.4, 1.0))
        self._heat = self._ramp(rng)
        del behind, hide  # A flame cannot take another colour than its own.

    @staticmethod
    def _ramp(rng: np.random.Generator) -> Floats:
        """Linear colours from cool to hot: roughly a black body, sometimes gas blue or a salt's green."""
        stops = np.array([[0.25, 0.015, 0.0], [0.9, 0.12, 0.01], [1.5, 0.45, 0.05], [2.2, 1.1, 0.25], [3.0, 2.2, 1.0]])
        turn = rng.random()
        if turn < 0.15:
            stops = stops[:, ::-1] * np.array([1.0, 0.8, 0.8])
        elif turn < 0.25:
            stops = stops[:, [1, 0, 2]]
        return (stops * rng.uniform(0.5, 1.3) * rng.uniform(0.85, 1.15, 3)).astype(np.float32)

    def draw(self, pose: Pose, time: float, size_hw: Size) -> Layer | None:  # noqa: D102
        matrix = self.matrix(pose, size_hw)
        window = self.window(matrix, size_hw)
        if window is None:
            return None
        step = 2 if self.scale * pose.zoom > 24 else 1
        x, y = own_grid(matrix, window, step)
        heat = self._body(x, y, time)
        alpha = enlarge(1.0 - np.exp(heat * np.float32(-self._thick)), window, step)
        return Layer(window.x, window.y, ramp(enlarge(heat, window, step), self._heat), alpha)

    def _body(self, x: Floats, y: Floats, time: float) -> Floats:
        a, b = self._tiles
        up = np.float32(0.85) - y
        u, v = x * np.float32(self._pitch[0]), y * np.float32(self._pitch[1])
        rise = np.float32(self._rise * time)
        lick = sample(b, u * np.float32(0.7), v * np.float32(0.8) + rise * np.float32(0.8)) - np.float32(0.5)
        x = x + np.float32(self._wave) * lick * np.clip(up, 0, 2)
        turbulence = np.float32(0.6) * sample(a, u + lick * np.float32(0.08), v + rise)
        turbulence += np.float32(0.4) * sample(b, u * np.float32(2), v * np.float32(2) + rise * np.float32(2.6))
        total = np.zeros_like(x)
        for base, wide, high, flicker in zip(self._base, self._wide, self._high, self._flicker, strict=True):
            h = up * np.float32(1 / (high * (1 + flicker(time))))
            half = np.float32(wide) * np.sqrt(np.clip(h * np.float32(6), 0, 1)) * np.clip(1.05 - h, 0, 1)
            inside = 1 - np.abs(x - np.float32(base)) / np.maximum(half, np.float32(1e-3))
            np.maximum(total, np.clip(inside, 0, 1) * smoothstep(0.0, 0.06, h) * (h < 1.05), out=total)
        if self._ball:
            # A burst instead of tongues: heat falls off from a centre, and the licks tear its outside.
            radius = np.hypot(x, y + np.float32(0.4) * lick) * np.float32(1 / self._ball)
            total, up = np.clip(1.25 - radius, 0, 1).astype(np.float32), np.clip(radius, 0, 2)
        heat = smoothstep(0.0, 0.8, total) * np.float32(self._fuel) - turbulence * (
            np.float32(self._torn) + np.float32(0.45) * up
        )
        return _fade(np.clip(heat, 0, 1).astype(np.float32), x, y, self.reach)


def _fade(value: Floats, x: Floats, y: Floats, reach: float) -> Floats:
    """Nothing may be cut off at the edge of the window."""
    return np.asarray(value * (1 - smoothstep((0.75 * reach) ** 2, reach**2, x * x + y * y)), np.float32)
