"""Rectangles of a plate that hold what is wanted of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import EllipsisType

import torch
from torch import Tensor
from torch.nn import functional as F


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

    def grown(self, by: int) -> "Crop":
        """Give the rectangle with surroundings of so many pixels."""
        return Crop(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def cut_to(self, other: "Crop") -> "Crop":
        """Give what of the rectangle lies within another."""
        return Crop(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def shifted_into(self, other: "Crop") -> "Crop":
        """Give the rectangle moved no farther than it takes to lie within another; what is too large is cut."""
        left = max(min(self.left, other.right - (self.right - self.left)), other.left)
        top = max(min(self.top, other.bottom - (self.bottom - self.top)), other.top)
        return self.moved(left - self.left, top - self.top).cut_to(other)

    def moved(self, right: int, down: int) -> "Crop":
        """Give the rectangle so many pixels further right and down."""
        return Crop(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def shrunk(self, by: int) -> "Crop":
        """Give the same rectangle of a picture that is so many times as small; its sides are multiples of that."""
        return Crop(self.left // by, self.top // by, self.right // by, self.bottom // by)


def cells_with(wanted_hw: Tensor, side: int) -> Tensor:
    """Cut a plate (H, W) bool into cells of `side` pixels; give True for those that hold a wanted pixel, on the CPU."""
    whole = F.pad(wanted_hw, (0, -wanted_hw.shape[1] % side, 0, -wanted_hw.shape[0] % side))
    # Bytes' largest value row by row takes a fortieth of the time that pooling of floats does on a processor.
    rows = whole.view(torch.uint8).unflatten(0, (-1, side)).amax(dim=1)
    return rows.unflatten(1, (-1, side)).amax(dim=2).bool().cpu()


def filled_beyond(picture: Tensor, known: Crop, *, mode: str = "constant") -> Tensor:
    """Put zeros, or with `replicate` the outermost values, where a picture lies beyond what is known of it."""
    height, width = picture.shape[-2:]
    held = known.cut_to(Crop(0, 0, width, height))
    beyond = (held.left, width - held.right, held.top, height - held.bottom)
    return F.pad(picture[held.window], beyond, mode=mode) if any(beyond) else picture


def runs_of(cells: Tensor, side: int, longest: int) -> list[Crop]:
    """Give the runs of True in each row of cells, in pixels, none longer than `longest` pixels."""
    edges = F.pad(cells, (1, 1)).diff(dim=1).nonzero().tolist()
    return [
        Crop(start * side, row * side, min(start * side + longest, end * side), (row + 1) * side)
        for (row, first), (_, end) in zip(edges[::2], edges[1::2], strict=True)
        for start in range(first, end, longest // side)
    ]


def tiles_over(wanted_hw: Tensor, height: int, width: int, grid: int) -> list[Crop]:
    """Give rectangles of one size, none over another, that hold every wanted pixel of a plate (H, W) bool.

    They begin on multiples of `grid`, where something is wanted, and may reach beyond the plate.
    """
    wanted = wanted_hw.cpu()
    return [
        Crop(left, top, left + width, top + height)
        for top in _starts(wanted.any(dim=1), height, grid)
        for left in _starts(wanted[top : top + height].any(dim=0), width, grid)
    ]


def _starts(wanted: Tensor, length: int, grid: int) -> Iterator[int]:
    """Give where stretches of one length begin that hold every place that is wanted along one axis, bool."""
    end = 0
    for place in wanted.nonzero().flatten().tolist():
        if place >= end:
            start = max(place // grid * grid, end)
            yield start
            end = start + length


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
