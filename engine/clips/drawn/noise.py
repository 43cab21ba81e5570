"""Seeded noise: tiles that wrap, sheets that do not, and slow signals over time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from engine.clips.drawn.motion import Floats


def child(seed: int, *stream: int) -> np.random.Generator:
    """An independent generator for one purpose, so that no part's draws shift another part's picture."""
    return np.random.default_rng([seed, *stream])


def fbm(rng: np.random.Generator, size: int, cells: int, octaves: int = 5, gain: float = 0.5) -> Floats:
    """Fractional Brownian motion (Perlin 1985; cubic value noise), a (size, size) sheet about 0..1 that tiles.

    The lattice depends on the generator alone, so the same generator state gives the same picture at any size.
    """
    total = rng.random((cells, cells), dtype=np.float32)
    weight, norm = 1.0, 1.0
    for octave in range(1, octaves):
        count = cells << octave
        lattice = rng.random((count, count), dtype=np.float32)
        weight *= gain
        norm += weight
        if count <= size:
            # Each lattice is laid on the doubled sum of the coarser ones, so only the last is stretched to full size.
            total = _double(total) + np.float32(weight) * lattice
        else:
            total += np.float32(0.5 * weight)  # finer than the pixels it would alias: drawn, but only its mean stays
    low = np.float32(0.5 * norm)
    levelled: Floats = (_stretch(total, size) - low) * np.float32(1.9 / norm) + 0.5
    return np.clip(levelled, 0.0, 1.0).astype(np.float32)


def sheet(rng: np.random.Generator, size: int, cells_x: int, cells_y: int) -> Floats:
    """One octave of cubic value noise with its own frequency along x and y: (size, size), 0..1."""
    lattice = rng.random((max(cells_y, 2), max(cells_x, 2)), dtype=np.float32)
    return np.asarray(cv2.resize(lattice, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)


def sample(tile: Floats, x: Floats, y: Floats) -> Floats:
    """Read a tile at coordinates where 1.0 is one whole tile; it repeats outside 0..1."""
    side = np.float32(tile.shape[0])
    return np.asarray(cv2.remap(tile, x * side, y * side, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)


def smoothstep(low: float, high: float, value: Floats) -> Floats:
    """0 below low, 1 above high, smooth between."""
    x = np.clip((value - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x), np.float32)


def _double(lattice: Floats) -> Floats:
    pad = 2
    wrapped = np.pad(lattice, pad, mode="wrap")
    size = (2 * wrapped.shape[1], 2 * wrapped.shape[0])
    return np.asarray(cv2.resize(wrapped, size, interpolation=cv2.INTER_CUBIC)[2 * pad : -2 * pad, 2 * pad : -2 * pad])


def _stretch(lattice: Floats, size: int) -> Floats:
    count = lattice.shape[0]
    pad = 2
    wrapped = np.pad(lattice, pad, mode="wrap")
    scale = count / size
    # x_lattice = (x + 0.5) * scale - 0.5, shifted by the padding.
    matrix = np.array([[scale, 0, 0.5 * scale - 0.5 + pad], [0, scale, 0.5 * scale - 0.5 + pad]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(wrapped, matrix, (size, size), flags=flags), np.float32)


class Drift:
    """A slow random signal of time (frames): three sines of random pitch and phase, within +-amplitude."""

    def __init__(self, rng: np.random.Generator, amplitude: float, *, pace: float = 0.04) -> None:
        pitch = 2 * np.pi * pace * rng.uniform(0.4, 1.6, 3)
        phase = rng.uniform(0, 2 * np.pi, 3)
        weight = amplitude * rng.dirichlet(np.ones(3))
        self._sines = [(float(w), float(p), float(f)) for w, p, f in zip(weight, pitch, phase, strict=True)]

    def __call__(self, time: float) -> float:
        """The signal's value at a time in frames."""
        return sum(weight * math.sin(pitch * time + phase) for weight, pitch, phase in self._sines)
