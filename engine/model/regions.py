"""Rectangles of a plate that hold what is wanted of it."""

from collections.abc import Callable
from dataclasses import dataclass
from types import EllipsisType

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

    def grown(self, by: int, within: "Crop") -> "Crop":
        """Give the rectangle with surroundings of so many pixels, as far as they lie within another."""
        return Crop(
            max(self.left - by, within.left),
            max(self.top - by, within.top),
            min(self.right + by, within.right),
            min(self.bottom + by, within.bottom),
        )


def cells_with(wanted_hw: Tensor, side: int) -> Tensor:
    """Cut a plate (H, W) bool into cells of `side` pixels; give True for those that hold a wanted pixel, on the CPU."""
    return F.max_pool2d(wanted_hw.float()[None, None], side, ceil_mode=True)[0, 0].bool().cpu()


def runs_of(cells: Tensor, side: int, longest: int) -> list[Crop]:
    """Give the runs of True in each row of cells, in pixels, none longer than `longest` pixels."""
    edges = F.pad(cells, (1, 1)).diff(dim=1).nonzero().tolist()
    return [
        Crop(start * side, row * side, min(start * side + longest, end * side), (row + 1) * side)
        for (row, first), (_, end) in zip(edges[::2], edges[1::2], strict=True)
        for start in range(first, end, longest // side)
    ]


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
