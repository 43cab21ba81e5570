"""Seeded noise, and the surface and background textures that are drawn from it: square sheets of linear RGB."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from engine.clips.drawn.motion import Floats, to_linear
from engine.clips.drawn.noise import fbm, sheet, smoothstep

Rng = np.random.Generator


def palette(rng: Rng, count: int, *, near: Floats | None = None) -> Floats:
    """(count, 3) sRGB colours 0..1.

    Hues keep together more often than not; with `near` (3,), all stay close to that colour (a hard, low-contrast case).
    """
    if near is not None:
        return np.clip(near + rng.normal(0, 0.09, (count, 3)), 0.02, 0.98).astype(np.float32)
    hue = rng.random() + rng.normal(0, rng.choice([0.03, 0.1, 0.5]), count)
    saturation = np.clip(rng.choice([0.1, 0.35, 0.7]) + rng.normal(0, 0.15, count), 0, 1)
    spread = rng.choice([0.08, 0.2, 0.35])
    value = np.clip(rng.uniform(0.15, 0.9) + rng.normal(0, spread, count), 0.03, 0.98)
    ramp = np.abs((hue[:, None] + np.array([0, 2 / 3, 1 / 3])) % 1.0 * 6 - 3) - 1
    rgb = value[:, None] * (1 - saturation[:, None] * (1 - np.clip(ramp, 0, 1)))
    return np.asarray(rgb, np.float32)


def texture(rng: Rng, size: int, *, colours: Floats | None = None, flat: bool = False) -> Floats:
    """A (size, size, 3) sheet of linear light 0..1.

    Args:
        rng: the only source of the picture; the same state gives the same picture at any size.
        size: side in pixels.
        colours: (n >= 3, 3) sRGB colours to draw with; drawn when absent.
        flat: keep to low-contrast styles.
    """
    colours = palette(rng, 5) if colours is None else colours
    styles = _FLAT if flat else _STYLES
    image = styles[int(rng.integers(len(styles)))](rng, size, colours)
    detail = fbm(rng, size, int(rng.integers(6, 24)), 4, 0.65)
    strength = float(rng.choice([0.04, 0.15, 0.4]))
    return to_linear(image * (1 + strength * (detail[..., None] - 0.5)))


def ramp(values: Floats, colours: Floats) -> Floats:
    """Colours (n, 3) by position 0..1, linear between neighbours: values (H, W) -> (H, W, 3)."""
    at = np.linspace(0, 1, 256) * (len(colours) - 1)
    low = np.minimum(at.astype(int), len(colours) - 2)
    mix = (at - low)[:, None]
    table = (colours[low] * (1 - mix) + colours[low + 1] * mix).astype(np.float32)
    return np.take(table, (np.clip(values, 0, 1) * 255).astype(np.uint8), axis=0)


def _grid(rng: Rng, size: int, *, bend: float = 0.0) -> tuple[Floats, Floats]:
    """Coordinates 0..1 turned by a random angle, optionally bent by slow noise."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    x, y = np.meshgrid(axis, axis)
    angle = float(rng.uniform(0, 2 * np.pi)) if rng.random() < 0.7 else 0.0
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    u, v = cos * x - sin * y, sin * x + cos * y
    if bend:
        u = u + np.float32(bend) * (sheet(rng, size, 5, 5) - 0.5)
        v = v + np.float32(bend) * (sheet(rng, size, 5, 5) - 0.5)
    return u, v


def _gradient(rng: Rng, size: int, colours: Floats) -> Floats:
    u, _ = _grid(rng, size, bend=0.3)
    return ramp(u + np.float32(0.5) + np.float32(0.2) * (fbm(rng, size, 3, 4) - 0.5), colours[:3])


def _cloud(rng: Rng, size: int, colours: Floats) -> Floats:
    return ramp(fbm(rng, size, int(rng.integers(2, 9)), 6, float(rng.uniform(0.4, 0.7))), colours)


def _marble(rng: Rng, size: int, colours: Floats) -> Floats:
    u, _ = _grid(rng, size)
    pitch, swirl = float(rng.uniform(6, 30)), float(rng.uniform(3, 9))
    wave = np.sin(np.float32(pitch) * u + np.float32(swirl) * fbm(rng, size, 4, 5))
    return ramp(np.asarray(0.5 + 0.5 * wave, np.float32), colours[:4])


def _stripes(rng: Rng, size: int, colours: Floats) -> Floats:
    u, _ = _grid(rng, size, bend=float(rng.choice([0.0, 0.05, 0.2])))
    count = float(rng.uniform(5, 40))
    phase = np.asarray((u * np.float32(count)) % 1.0, np.float32)
    soft = min(0.3, 1.5 * count / size)
    wave = smoothstep(0.25 - soft / 2, 0.25 + soft / 2, np.abs(phase - np.float32(0.5)))
    return ramp(wave, colours[:2])


def _checker(rng: Rng, size: int, colours: Floats) -> Floats:
    u, v = _grid(rng, size, bend=float(rng.choice([0.0, 0.1])))
    count = float(rng.uniform(3, 20))
    wave = np.sin(u * np.float32(np.pi * count)) * np.sin(v * np.float32(np.pi * count))
    soft = 4.0 * count / size
    return ramp(smoothstep(-soft, soft, np.asarray(wave, np.float32)), colours[:2])


def _bricks(rng: Rng, size: int, colours: Floats) -> Floats:
    u, v = _grid(rng, size)
    rows = float(rng.uniform(6, 22))
    aspect = float(rng.uniform(0.3, 1.0))
    row = np.floor(v * np.float32(rows))
    across = u * np.float32(rows * aspect) + (row % 2) * np.float32(0.5)
    fx, fy = across % 1.0, (v * np.float32(rows)) % 1.0
    joint = float(rng.uniform(0.05, 0.14))
    wall = np.minimum(
        np.minimum(fx, 1 - fx) / np.float32(aspect),
        np.minimum(fy, 1 - fy),
    )
    body = smoothstep(joint * 0.5, joint * 0.5 + max(0.05, 2.0 * rows / size), np.asarray(wall, np.float32))
    table = rng.random(1024, dtype=np.float32)
    index = (np.floor(across).astype(np.int64) * 37 + row.astype(np.int64) * 101) % 1024
    bricks = ramp(np.take(table, index), colours[:4])
    return np.asarray(colours[4] + (bricks - colours[4]) * body[..., None], np.float32)


def _spots(rng: Rng, size: int, colours: Floats) -> Floats:
    u, v = _grid(rng, size, bend=float(rng.choice([0.0, 0.15, 0.4])))
    count, radius = np.float32(rng.uniform(4, 24)), float(rng.uniform(0.18, 0.42))
    d = np.hypot((u * count) % 1.0 - 0.5, (v * count) % 1.0 - 0.5)
    soft = max(0.03, 1.0 * float(count) / size)
    return ramp(smoothstep(radius - soft, radius + soft, np.asarray(d, np.float32)), colours[:2])


def _camouflage(rng: Rng, size: int, colours: Floats) -> Floats:
    field = fbm(rng, size, int(rng.integers(3, 9)), 4) * np.float32(len(colours))
    step = np.floor(field) + smoothstep(0.0, 0.12, np.asarray(field % 1.0, np.float32))
    return ramp(np.asarray((step - 0.5) / len(colours), np.float32), colours)


def _fibres(rng: Rng, size: int, colours: Floats) -> Floats:
    long, short = int(rng.integers(3, 12)), int(rng.integers(40, 120))
    a, b = (long, short) if rng.random() < 0.5 else (short, long)
    field = 0.5 * sheet(rng, size, a, b) + 0.25 * sheet(rng, size, 2 * a, 2 * b) + 0.25 * fbm(rng, size, 3, 3)
    return ramp(np.asarray((field - 0.5) * 1.6 + 0.5, np.float32), colours[:3])


def _clutter(rng: Rng, size: int, colours: Floats) -> Floats:
    canvas = ramp(fbm(rng, size, 3, 3), colours)
    shapes = int(rng.integers(12, 70))
    shift = 4
    for _ in range(shapes):
        centre, radius = rng.random(2) * size, size * float(rng.uniform(0.015, 0.12))
        corners = int(rng.integers(3, 12))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        reach = radius * rng.uniform(0.5, 1.3, (corners, 1))
        points = centre + reach * np.stack([np.cos(angles), np.sin(angles)], 1) * rng.uniform(0.3, 1.5, 2)
        colour = colours[int(rng.integers(len(colours)))] + rng.normal(0, 0.06, 3)
        fixed = (points * (1 << shift)).astype(np.int32)
        cv2.fillPoly(canvas, [fixed], np.clip(colour, 0, 1).tolist(), cv2.LINE_AA, shift)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), max(0.5, size * 0.002)), np.float32)


def _bokeh(rng: Rng, size: int, colours: Floats) -> Floats:
    canvas = np.asarray(ramp(fbm(rng, size, 2, 3), colours[:3]) * np.float32(rng.uniform(0.2, 0.7)), np.float32)
    small = 128
    glow = np.zeros((small, small, 3), np.float32)
    for _ in range(int(rng.integers(10, 50))):
        x, y = (rng.random(2) * small * 16).astype(int)
        radius = int(small * 16 * float(rng.uniform(0.01, 0.06)))
        disc = np.zeros_like(glow)
        colour = colours[int(rng.integers(len(colours)))] * rng.uniform(0.2, 0.9)
        cv2.circle(disc, (int(x), int(y)), radius, colour.tolist(), -1, cv2.LINE_AA, 4)
        glow += disc
    glow = cv2.GaussianBlur(glow, (0, 0), 0.8)
    return np.asarray(
        np.clip(canvas + cv2.resize(glow, (size, size), interpolation=cv2.INTER_LINEAR), 0, 1), np.float32
    )


def _horizon(rng: Rng, size: int, colours: Floats) -> Floats:
    """Layered hills: each layer's edge is a noise line, nearer layers lower and more detailed."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size
    image = ramp(np.broadcast_to(axis[:, None], (size, size)), colours[:2])
    for layer in range(int(rng.integers(1, 4))):
        line = sheet(rng, size, int(rng.integers(4, 30)), 2)[0] * np.float32(0.15)
        edge = np.float32(0.3 + 0.16 * layer + rng.uniform(-0.05, 0.05)) + line
        cover = smoothstep(-2.0 / size, 2.0 / size, axis[:, None] - edge[None])
        ground = ramp(fbm(rng, size, int(rng.integers(4, 20)), 4, 0.65), colours[layer + 1 : layer + 3])
        image = np.asarray(image + (ground - image) * cover[..., None], np.float32)
    return image


_Style = Callable[[Rng, int, Floats], Floats]
_FLAT: tuple[_Style, ...] = (_gradient, _cloud, _gradient, _fibres)
_STYLES: tuple[_Style, ...] = (
    _gradient, _cloud, _cloud, _marble, _stripes, _checker, _bricks, _spots,
    _camouflage, _fibres, _clutter, _clutter, _bokeh, _horizon, _horizon,
)  # fmt: skip
