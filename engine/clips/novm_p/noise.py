"""Noise over the plane: simplex flow noise (Perlin and Neyret 2001), its billows, and cellular noise (Worley 1996)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.draws import hashed, shares
from engine.clips.novm_p.exact import Floats, Values, as_floats, cosine, sine

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
