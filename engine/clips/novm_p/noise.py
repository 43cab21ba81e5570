"""Noise and random numbers of the benchmark's own: SplitMix64, an integer hash, simplex flow and cellular noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.clips.novm_p.exact import Floats, Values, as_floats, cosine, sine

if TYPE_CHECKING:
    from collections.abc import Sequence

Thing = TypeVar("Thing")
Words = NDArray[np.uint32]

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15


class Draws:
    """A stream of random numbers that depends on its key alone, whatever numpy's generators become."""

    def __init__(self, *key: int) -> None:
        """Start the stream of a key."""
        self._state = 0
        for part in key:
            self._state = _stirred((self._state + part * _STEP + 1) & _MASK)

    def word(self) -> int:
        """Give 64 random bits."""
        self._state = (self._state + _STEP) & _MASK
        return _stirred(self._state)

    def unit(self) -> float:
        """Give a number from 0 to under 1."""
        return (self.word() >> 11) / float(1 << 53)

    def between(self, low: float, high: float) -> float:
        """Give a number of a range."""
        return low + (high - low) * self.unit()

    def around(self, spread: float) -> float:
        """Give a number about 0, seldom far: three draws' mean, within +-spread."""
        return spread * (self.unit() + self.unit() + self.unit() - 1.5) / 1.5

    def whole(self, low: int, high: int) -> int:
        """Give a whole number from low to high, both included."""
        return low + self.word() % (high - low + 1)

    def pick(self, things: Sequence[Thing]) -> Thing:
        """Give one of several."""
        return things[self.word() % len(things)]

    def sign(self) -> float:
        """Give 1.0 or -1.0."""
        return 1.0 if self.word() & 1 else -1.0

    def salt(self) -> int:
        """Give a seed for a lattice."""
        return self.word() >> 40


def _stirred(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def hashed(column: NDArray[Any], row: NDArray[Any], salt: int) -> Words:
    """Give 32 random bits for every place of an integer lattice.

    Args:
        column: whole numbers, as floats or integers.
        row: the same, to be broadcast against the columns.
        salt: another lattice for every value.
    """
    h = column.astype(np.int32).view(np.uint32) * np.uint32(0x9E3779B1)
    h = h ^ (row.astype(np.int32).view(np.uint32) * np.uint32(0x85EBCA77) + np.uint32(salt & 0xFFFFFF))
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3CF5)
    h = (h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
    mixed: Words = h ^ (h >> np.uint32(15))
    return mixed


def shares(words: Words) -> NDArray[np.float32]:
    """Give numbers from 0 to under 1 of the words' upper bits."""
    share: NDArray[np.float32] = (words >> np.uint32(9)).astype(np.float32) * np.float32(1.0 / (1 << 23))
    return share


_SPINS = 1024
_GX = np.array([cosine(k / _SPINS) for k in range(_SPINS)], np.float32)
_GY = np.array([sine(k / _SPINS) for k in range(_SPINS)], np.float32)
_SKEW, _UNSKEW = 0.3660254, 0.21132487
_NEIGHBOURS = [(i, j) for j in (-1, 0, 1) for i in (-1, 0, 1)]


def flow(x: Floats, y: Floats, salt: int, turn: float = 0.0) -> Floats:
    """Give noise about -1..1 with features of about one unit; gradients rotate with `turn` (in turns)."""
    slant = (x + y) * _SKEW
    column, row = as_floats(np.floor(x + slant)), as_floats(np.floor(y + slant))
    back = (column + row) * _UNSKEW
    dx, dy = as_floats(x - column + back), as_floats(y - row + back)
    right = (dx > dy).astype(np.float32)
    spin = int(turn * _SPINS) % _SPINS
    total = _corner(column, row, dx, dy, salt, spin)
    total += _corner(
        column + right, row + (1.0 - right), dx - right + _UNSKEW, dy + right - (1.0 - _UNSKEW), salt, spin
    )
    shift = 1.0 - 2.0 * _UNSKEW
    total += _corner(column + 1.0, row + 1.0, dx - shift, dy - shift, salt, spin)
    return as_floats(total * 99.0)


def _corner(column: Values, row: Values, dx: Values, dy: Values, salt: int, spin: int) -> Floats:
    words = hashed(column, row, salt)
    # Every other gradient turns the other way round, else the whole sheet would seem to slide.
    way = (words & np.uint32(1)).astype(np.int32) * 2 - 1
    index = ((words >> np.uint32(20)).astype(np.int32) + way * spin) & (_SPINS - 1)
    fall = np.maximum(0.5 - dx * dx - dy * dy, 0.0)
    fall = fall * fall
    return as_floats(fall * fall * (_GX[index] * dx + _GY[index] * dy))


def billow(x: Floats, y: Floats, salt: int, octaves: int, *, gain: float = 0.5, turn: float = 0.0) -> Floats:
    """Give octaves of flow noise, each finer, weaker and faster than the one before; about -1..1."""
    total = flow(x, y, salt, turn)
    weight, norm = 1.0, 1.0
    for octave in range(1, octaves):
        # Turned by the 3-4-5 triangle's angle, so that no two lattices lie on each other.
        x, y = as_floats(1.62 * x - 1.216 * y + 3.7), as_floats(1.216 * x + 1.62 * y - 1.9)
        weight *= gain
        norm += weight * 0.6
        total = total + weight * flow(x, y, salt + octave, turn * (1.0 + 0.7 * octave))
    return as_floats(total * (1.0 / norm))


def cells(x: Floats, y: Floats, salt: int, *, jitter: float = 0.9) -> tuple[Floats, Floats, Floats]:
    """Give distances to the nearest and second nearest of scattered points, one a unit cell, and the nearest's share.

    Returns:
        Nearest distance, second distance, a number 0..1 of the nearest point: all of the shape of x against y.
    """
    column, row = np.floor(x), np.floor(y)
    near = np.full(np.broadcast_shapes(x.shape, y.shape), 9.0, np.float32)
    next_, owner = near.copy(), np.zeros_like(near)
    for i, j in _NEIGHBOURS:
        words = hashed(column + i, row + j, salt)
        px, py = shares(words << np.uint32(10)), shares(words)
        dx = column + (i + 0.5) + (px - 0.5) * jitter - x
        dy = row + (j + 0.5) + (py - 0.5) * jitter - y
        away = as_floats(dx * dx + dy * dy)
        closer = away < near
        next_ = np.where(closer, near, np.minimum(next_, away))
        near = np.where(closer, away, near)
        owner = np.where(closer, shares(words * np.uint32(0x9E3779B1)), owner)
    return np.sqrt(near), np.sqrt(next_), owner


def lattice(column: NDArray[np.generic], row: NDArray[np.generic], salt: int) -> Floats:
    """Give a number 0..1 for every place of an integer lattice."""
    return shares(hashed(column, row, salt))
