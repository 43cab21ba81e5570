"""How cameras and things move: eased paths, drift of exposure, softness, grain, compression, the view transform."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from engine.clips.drawn.noise import Drift, child

if TYPE_CHECKING:
    from collections.abc import Callable

Floats: TypeAlias = npt.NDArray[np.float32]
Bytes: TypeAlias = npt.NDArray[np.uint8]

LINEAR_MAX = 16.0
"""Scene-linear values above this show as white."""
_KNEE = 0.85
_ENTRIES = 16384


def to_linear(srgb: Floats) -> Floats:
    """Decode sRGB (IEC 61966-2-1) values 0..1 of any shape to linear light 0..1."""
    index = (np.clip(srgb, 0.0, 1.0) * np.float32(_ENTRIES - 1) + np.float32(0.5)).astype(np.uint16)
    decoded: Floats = np.take(_decode_table(), index)
    return decoded


def to_display(linear: Floats) -> Bytes:
    """Encode scene-linear values 0..16 of any shape as 8-bit sRGB.

    Plain sRGB up to display code 0.85; above it highlights roll off so that linear 1.0 shows as 0.92 and fire keeps
    its colour instead of clipping.
    """
    # The table runs over the square root: equal steps there are close to equal steps on the display.
    root = np.sqrt(np.clip(linear, 0.0, LINEAR_MAX))
    index = (root * np.float32((_ENTRIES - 1) / np.sqrt(LINEAR_MAX)) + np.float32(0.5)).astype(np.uint16)
    encoded: Bytes = np.take(_encode_table(), index)
    return encoded


@cache
def _decode_table() -> Floats:
    code = np.linspace(0.0, 1.0, _ENTRIES)
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


@cache
def _encode_table() -> Bytes:
    linear = np.linspace(0.0, np.sqrt(LINEAR_MAX), _ENTRIES) ** 2
    code = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    over = np.maximum(code - _KNEE, 0.0)
    rolled = np.minimum(code, _KNEE) + (1.0 - _KNEE) * over / (over + (1.0 - _KNEE))
    return (np.clip(rolled, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


class Camera:
    """One clip's camera, drawn from a seed."""

    def __init__(self, seed: int, size_hw: tuple[int, int]) -> None:
        """Draw the camera's habits; `size_hw` is the frame."""
        rng = child(seed, 51)
        self._seed = seed
        self._drift = Drift(rng, 0.12 if rng.random() < 0.25 else 0.0, pace=0.03)
        self._blur = float(rng.uniform(0.35, 0.8)) * size_hw[0] / 256 if rng.random() < 0.2 else 0.0
        self._grain = float(rng.choice([0.0, 0.008, 0.02, 0.04], p=[0.15, 0.4, 0.3, 0.15]) * rng.uniform(0.7, 1.3))
        self._quality = int(rng.integers(55, 92)) if rng.random() < 0.15 else None
        room = (size_hw[0] + 32, size_hw[1] + 32, 3)
        self._field = rng.standard_normal(room, dtype=np.float32) if self._grain else None

    def expose(self, linear: Floats, index: int) -> Floats:
        """Scene-linear in, scene-linear out, (H, W, 3): drift, softness, then grain that grows with the light."""
        out = linear * np.float32(np.exp2(self._drift(float(index))))
        if self._blur:
            out = np.asarray(cv2.GaussianBlur(out, (0, 0), self._blur), np.float32)
        if self._field is not None:
            height, width = out.shape[:2]
            y, x = child(self._seed, 52, index).integers(0, 32, 2)
            grain = self._field[y : y + height, x : x + width]
            # Shot noise: its deviation follows the square root of the light.
            out = out + grain * (
                np.sqrt(np.maximum(out, 0)) * np.float32(self._grain) + np.float32(0.1 * self._grain**1.5)
            )
        seen: Floats = np.maximum(out, 0)
        return seen

    def compress(self, image: Bytes) -> Bytes:
        """8-bit display values in and out: sometimes through a JPEG."""
        if self._quality is None:
            return image
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


Matrix = npt.NDArray[np.float64]
Point = tuple[float, float]


@dataclass(frozen=True)
class Pose:
    """Where a thing is: x, y as fractions of the frame, turn in radians, zoom as a factor of its own size."""

    x: float
    y: float
    turn: float
    zoom: float


@dataclass(frozen=True)
class Gait:
    """A style of travel: longest step between two knots (fractions of the frame), turn and log-zoom per knot."""

    step: float
    turn: float
    zoom: float
    tremble: float
    rest: float

    @staticmethod
    def draw(rng: np.random.Generator) -> Gait:
        """A random style, from nearly still to quick."""
        step = float(rng.choice([0.06, 0.16, 0.3, 0.5], p=[0.15, 0.35, 0.35, 0.15]) * rng.uniform(0.7, 1.3))
        turn = float(rng.choice([0.08, 0.4, 1.2], p=[0.4, 0.4, 0.2]))
        return Gait(
            step, turn, float(rng.uniform(0.02, 0.28)), float(rng.uniform(0, 0.012)), float(rng.uniform(0, 0.4))
        )


class Path:
    """A seeded path through a clip.

    Knots stand 7 to 15 frames apart. A longer clip only adds knots: its first frames are those of the shorter clip.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        start: Point,
        gait: Gait,
        duration: float,
        *,
        lure: Callable[[float], Point] | None = None,
        upright: bool = False,
    ) -> None:
        """Lay the path out.

        Args:
            rng: this path's own generator.
            start: x, y at time 0 as fractions of the frame.
            gait: style of travel.
            duration: frames that must be covered.
            lure: another thing's position at a time; most second knots go there, so that the two cross.
            upright: start upright and turn little; otherwise at any angle.
        """
        self._smooth = bool(rng.random() < 0.5)
        luring = int(rng.random() < 0.6)
        self._shake = (Drift(rng, gait.tremble, pace=0.08), Drift(rng, gait.tremble, pace=0.08))
        angle = rng.uniform(0, 2 * np.pi)
        knots = [(0.0, start[0], start[1], 0.0 if upright else float(angle), 0.0)]
        gait = replace(gait, turn=0.3 * gait.turn) if upright else gait
        while knots[-1][0] <= duration or len(knots) < 4:
            # It passes the lure and goes on: two that stay on top of each other teach nothing.
            knots.append(_next_knot(rng, knots[-1], gait, lure if len(knots) % 2 == luring else None))
        self._knots = np.array(knots)

    def __call__(self, time: float) -> Pose:
        """The pose at a time in frames (clamped to the path)."""
        knots = self._knots
        i = int(np.clip(np.searchsorted(knots[:, 0], time, side="right") - 1, 0, len(knots) - 2))
        a, b = knots[i], knots[i + 1]
        u = float(np.clip((time - a[0]) / (b[0] - a[0]), 0.0, 1.0))
        if self._smooth:
            before, after = knots[max(i - 1, 0)], knots[min(i + 2, len(knots) - 1)]
            value = _catmull_rom(before, a, b, after, u)
        else:
            value = a + (b - a) * (u * u * (3 - 2 * u))
        # The tremble starts from zero so that a clip starts exactly where it was placed.
        x = value[1] + self._shake[0](time) - self._shake[0](0.0)
        y = value[2] + self._shake[1](time) - self._shake[1](0.0)
        return Pose(float(x), float(y), float(value[3]), float(np.exp(np.clip(value[4], -0.45, 0.4))))

    def position(self, time: float) -> Point:
        """The x, y at a time in frames, as fractions of the frame."""
        pose = self(time)
        return pose.x, pose.y


def _next_knot(
    rng: np.random.Generator,
    last: tuple[float, float, float, float, float],
    gait: Gait,
    lure: Callable[[float], Point] | None,
) -> tuple[float, float, float, float, float]:
    time = last[0] + float(rng.uniform(7, 15))
    kind, draw_x, draw_y, jog_x, jog_y = rng.random(5)
    turn = last[3] + gait.turn * float(rng.uniform(-1, 1))
    zoom = float(np.clip(last[4] + gait.zoom * rng.uniform(-1, 1), -0.4, 0.35))
    away = rng.random() < 0.15
    low, high = (-0.08, 1.08) if away else (0.16, 0.84)
    target = np.array([low + (high - low) * draw_x, low + (high - low) * draw_y])
    here = np.array(last[1:3])
    if lure is not None and kind < 0.8:
        target = np.array(lure(time)) + 0.16 * (np.array([jog_x, jog_y]) - 0.5)
    elif kind > 1.0 - gait.rest:
        target, turn, zoom = here, last[3], last[4]
    else:
        way = target - here
        target = here + way * min(1.0, gait.step / max(float(np.hypot(*way)), 1e-6))
    return time, float(target[0]), float(target[1]), turn, zoom


def _catmull_rom(p0: Matrix, p1: Matrix, p2: Matrix, p3: Matrix, u: float) -> Matrix:
    out = 0.5 * (2 * p1 + (p2 - p0) * u + (2 * p0 - 5 * p1 + 4 * p2 - p3) * u**2 + (3 * p1 - p0 - 3 * p2 + p3) * u**3)
    return np.asarray(out)


def to_pixels(pose: Pose, unit_px: float, size_hw: tuple[int, int]) -> Matrix:
    """The 2x3 matrix from a thing's own units to frame pixels (origin top-left, integers are pixel corners).

    Args:
        pose: where the thing is.
        unit_px: pixels to one of its own units at zoom 1.
        size_hw: the frame.
    """
    height, width = size_hw
    scale = unit_px * pose.zoom
    cos, sin = scale * np.cos(pose.turn), scale * np.sin(pose.turn)
    return np.array([[cos, -sin, pose.x * width], [sin, cos, pose.y * height]])
