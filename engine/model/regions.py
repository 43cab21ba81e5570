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

    def moved(self, right: int, down: int) -> "Crop":
        """Give the rectangle so many pixels further right and down."""
        return Crop(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def shrunk(self, by: int) -> "Crop":
        """Give the same rectangle of a picture that is so many times as small; its sides are multiples of that."""
        return Crop(self.left // by, self.top // by, self.right // by, self.bottom // by)


def cells_with(wanted_hw: Tensor, height: int, width: int) -> Tensor:
    """Cut a plate (H, W) bool into cells of such pixels; give True for those that hold a wanted pixel, on the CPU."""
    return F.max_pool2d(wanted_hw.float()[None, None], (height, width), ceil_mode=True)[0, 0].bool().cpu()


def runs_with(wanted_hw: Tensor, height: int, width: int, longest: int) -> list[Crop]:
    """Give the runs of cells of such pixels that hold a wanted one, none longer than `longest` pixels.

    What the plate has no whole cells for, the last ones reach beyond it.
    """
    edges = F.pad(cells_with(wanted_hw, height, width), (1, 1)).diff(dim=1).nonzero().tolist()
    return [
        Crop(start * width, row * height, min(start * width + longest, end * width), (row + 1) * height)
        for (row, first), (_, end) in zip(edges[::2], edges[1::2], strict=True)
        for start in range(first, end, longest // width)
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
