"""Arithmetic that gives the same bits on every machine: what all pictures of the benchmark are made of.

IEEE 754 fixes the result of one addition, subtraction, multiplication, division or square root to the last bit, and
numpy applies them one array operation at a time, so no compiler can fuse two of them. Everything else may differ
between processors and versions: sin, exp and pow (each library has its own last bit), sums over an axis and matrix
products (their order follows the vector width), arange and interp on floats (their loops may fuse multiply and add),
resizing and blurring. So the benchmark uses only the five operations, floor, comparisons, integers, table look-ups
and, where many values meet in one pixel, `np.bincount`, which adds in the order of its input. Sine, exponential and
the sRGB curve are built from these here. Scalars are Python floats, since numpy 1 and 2 promote their own differently.
Tails end in an exact 0 well above 1e-38: a process that flushes subnormal numbers sees the same pictures.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Values = NDArray[np.floating[Any]]
"""What the type checker takes products of Floats for; float32 all the same."""
Colour = tuple[float, float, float]
"""Scene-linear RGB."""

_SINE = (6.2831853, -41.3417022, 81.6052492, -76.7058597, 42.0586939)  # odd Taylor terms of sin(2 pi t), up to t**9
_ENCODED = 1 << 14


def sine(turns: float) -> float:
    """Give the sine of an angle in turns."""
    t = turns - math.floor(turns + 0.5)
    t = math.copysign(0.5, t) - t if abs(t) > 0.25 else t
    s = t * t
    return t * (_SINE[0] + s * (_SINE[1] + s * (_SINE[2] + s * (_SINE[3] + s * _SINE[4]))))


def cosine(turns: float) -> float:
    """Give the cosine of an angle in turns."""
    return sine(turns + 0.25)


def sines(turns: Floats) -> Floats:
    """Give the sine of every angle in turns."""
    t = turns - np.floor(turns + 0.5)
    t = np.where(np.abs(t) > 0.25, np.copysign(np.float32(0.5), t) - t, t)
    s = t * t
    return as_floats(t * (_SINE[0] + s * (_SINE[1] + s * (_SINE[2] + s * (_SINE[3] + s * _SINE[4])))))


def decays(x: Floats) -> Floats:
    """Give e**-x of every x from 0 on."""
    u = np.clip(x, 0.0, 40.0) * 0.0625
    y = 1.0 / (1.0 + u * (1.0 + u * (0.5 + u * (0.16666667 + u * 0.041666667))))
    for _ in range(4):
        y = y * y
    return as_floats(y)


def decay(x: float) -> float:
    """Give e**-x of one x from 0 on."""
    u = min(max(x, 0.0), 40.0) * 0.0625
    y = 1.0 / (1.0 + u * (1.0 + u * (0.5 + u * (0.16666667 + u * 0.041666667))))
    for _ in range(4):
        y = y * y
    return y


def ease(low: float, high: float, value: Floats) -> Floats:
    """Give 0 below low, 1 above high and a smooth way between (low > high falls instead)."""
    x = np.clip((value - low) * (1.0 / (high - low)), 0.0, 1.0)
    return as_floats(x * x * (3.0 - 2.0 * x))


def eased(low: float, high: float, value: float) -> float:
    """Give what `ease` gives, of one number."""
    x = min(max((value - low) / (high - low), 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)


def fraction(x: Values) -> Floats:
    """Give what is over the next lower whole number."""
    return as_floats(x - np.floor(x))


def turns(x: Floats, y: Floats) -> Floats:
    """Give the angle of every vector in turns from 0 to 1, to about 1/1500 of a turn."""
    wide, tall = np.abs(x), np.abs(y)
    ratio = np.minimum(wide, tall) / np.maximum(np.maximum(wide, tall), 1e-6)
    eighth = ratio * (0.125 + 0.04345 * (1.0 - ratio))
    quarter = np.where(tall > wide, 0.25 - eighth, eighth)
    half = np.where(x < 0.0, 0.5 - quarter, quarter)
    return as_floats(np.where(y < 0.0, 1.0 - half, half))


def tint(colour: Colour) -> Floats:
    """Give a colour as (3, 1, 1), to be multiplied with a picture."""
    return np.array(colour, np.float32)[:, None, None]


def ramp(value_hw: Floats, stops: tuple[Colour, ...]) -> Floats:
    """Give a picture (3, H, W) whose colours run through the stops as the value runs from 0 to 1."""
    place = np.clip(value_hw, 0.0, 1.0) * float(len(stops) - 1)
    picture = np.broadcast_to(tint(stops[0]), (3, *value_hw.shape)).astype(np.float32)
    for index, (start, end) in enumerate(itertools.pairwise(stops)):
        step = (end[0] - start[0], end[1] - start[1], end[2] - start[2])
        picture += tint(step) * np.clip(place - float(index), 0.0, 1.0)
    return picture


def mix(low: Floats, high: Floats, share: Floats) -> Floats:
    """Give `low` where the share is 0 and `high` where it is 1."""
    return as_floats(low + (high - low) * share)


def as_floats(values: Values) -> Floats:
    """Tell the type checker that values are float32, and make sure of it; no copy where they are."""
    return values.astype(np.float32, copy=False)


def _decoded(code: float) -> float:
    """Give the linear light of an sRGB value 0..1; x**2.4 is x**2 times the fifth root of x**2."""
    if code <= 0.04045:
        return code / 12.92
    x = (code + 0.055) / 1.055
    square = x * x
    root = 1.0
    for _ in range(60):
        fourth = (root * root) * (root * root)
        root = (4.0 * root + square / fourth) / 5.0
    return square * root


def linear(code: float) -> float:
    """Give the linear light of an sRGB value in 0..1."""
    return _decoded(code)


def _encoding() -> NDArray[np.uint8]:
    """Make the table from the square root of linear light, in steps of 1 / _ENCODED, to the nearest sRGB byte."""
    table = np.zeros(_ENCODED + 1, np.uint8)
    for byte in range(255):
        first = math.ceil(math.sqrt(_decoded((byte + 0.5) / 255.0)) * _ENCODED)
        table[first:] = byte + 1
    return table


_TABLE = _encoding()


def to_srgb(light: Floats) -> NDArray[np.uint8]:
    """Encode scene-linear light as sRGB bytes; what exceeds 1 is clipped. The same shape."""
    place = np.sqrt(np.clip(light, 0.0, 1.0)) * float(_ENCODED) + 0.5
    return np.asarray(_TABLE[place.astype(np.int32)])
