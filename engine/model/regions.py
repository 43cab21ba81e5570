"""Rectangles of a plate that hold what is wanted of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import EllipsisType

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Crop:
    """A rectangle of a plate in pixels: left and top included, right and bottom not."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """Pixels inside."""
        return (self.right - self.left) * (self.bottom - self.top)

    @property
    def window(self) -> tuple[EllipsisType, slice, slice]:
        """The rectangle as an index of a tensor's last two axes."""
        return ..., slice(self.top, self.bottom), slice(self.left, self.right)

    def around(self, other: "Crop") -> "Crop":
        """Give the smallest rectangle around both."""
        return Crop(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def overlaps(self, other: "Crop") -> bool:
        """Tell whether the two share a pixel."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def grown(self, by: int, within: "Crop") -> "Crop":
        """Give the rectangle with surroundings of so many pixels, as far as they lie within another."""
        return Crop(
            max(self.left - by, within.left),
            max(self.top - by, within.top),
            min(self.right + by, within.right),
            min(self.bottom + by, within.bottom),
        )


def cells_with(wanted_hw: npt.NDArray[np.bool_], side: int) -> npt.NDArray[np.uint8]:
    """Cut a plate (H, W) into cells of `side` pixels; give 1 for those that hold a wanted pixel, else 0."""
    height, width = wanted_hw.shape
    rows, columns = math.ceil(height / side), math.ceil(width / side)
    padded = np.zeros((rows * side, columns * side), np.uint8)
    padded[:height, :width] = wanted_hw
    cells: npt.NDArray[np.uint8] = padded.reshape(rows, side, columns, side).max(axis=(1, 3))
    return cells


def runs_of(cells: npt.NDArray[np.uint8], side: int, longest: int) -> list[Crop]:
    """Give the runs of ones in each row of cells, in pixels, none longer than `longest` pixels."""
    runs = []
    for row, line in enumerate(cells):
        edges = np.flatnonzero(np.diff(line, prepend=0, append=0) % 2)
        for left, right in edges.reshape(-1, 2) * side:
            runs += [
                Crop(start, row * side, min(start + longest, int(right)), (row + 1) * side)
                for start in range(int(left), int(right), longest)
            ]
    return runs


def joined(crops: list[Crop], belong_together: Callable[[Crop, Crop], bool]) -> list[Crop]:
    """Put rectangles that belong together into one around them, until none do; from the top, then from the left."""
    done: list[Crop] = []
    waiting = list(crops)
    while waiting:
        crop = waiting.pop()
        partner = next((other for other in done if belong_together(crop, other)), None)
        if partner is None:
            done.append(crop)
        else:
            done.remove(partner)
            waiting.append(crop.around(partner))
    return sorted(done, key=lambda crop: (crop.top, crop.left))
