"""Random numbers of the benchmark's own: SplitMix64 for scenes, an integer hash for lattices and grain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

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
