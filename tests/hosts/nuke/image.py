"""A picture on its way through the graph: known size, pixels computed when somebody asks for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from .formats import Format


@dataclass(frozen=True)
class Area:
    """A box of whole pixels: left, bottom, right, top; right and top lie outside. Origin bottom-left, y up."""

    x: int
    y: int
    r: int
    t: int

    @property
    def w(self) -> int:
        """The width."""
        return self.r - self.x

    @property
    def h(self) -> int:
        """The height."""
        return self.t - self.y

    def union(self, other: Area) -> Area:
        """The smallest box around both."""
        return Area(min(self.x, other.x), min(self.y, other.y), max(self.r, other.r), max(self.t, other.t))

    def intersection(self, other: Area) -> Area:
        """What both have; one pixel at least."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        return Area(x, y, max(min(self.r, other.r), x + 1), max(min(self.t, other.t), y + 1))

    def grown(self, by_x: int, by_y: int) -> Area:
        """The box with a margin."""
        return Area(self.x - by_x, self.y - by_y, self.r + by_x, self.t + by_y)

    @classmethod
    def of_format(cls, a_format: Format) -> Area:
        """The box of a format."""
        return cls(0, 0, a_format.width(), a_format.height())


@dataclass
class Image:
    """A picture.

    Args:
        format: its size and pixel aspect.
        bbox: where it has pixels; may reach beyond the format (overscan) or cover a part of it.
        channels: full names.
        compute: channel -> (bbox.h, bbox.w) float32, the bottom row first.
        black_outside: beyond the bbox is black; else its edge pixels go on for ever, as in Nuke.
        metadata: as `Node.metadata` gives it.
    """

    format: Format
    bbox: Area
    channels: tuple[str, ...]
    compute: Callable[[str], np.ndarray]
    black_outside: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)
    _planes: dict[str, np.ndarray] = field(default_factory=dict)

    def plane(self, channel: str) -> np.ndarray:
        """The pixels of a channel over the bbox, the bottom row first; black where there is no such channel."""
        if channel not in self.channels:
            return np.zeros((self.bbox.h, self.bbox.w), np.float32)
        if channel not in self._planes:
            self._planes[channel] = np.ascontiguousarray(self.compute(channel), np.float32)
        return self._planes[channel]

    def over(self, channel: str, area: Area) -> np.ndarray:
        """The pixels of a channel over any box."""
        plane = self.plane(channel)
        if area == self.bbox:
            return plane
        rows, columns = np.arange(area.y, area.t) - self.bbox.y, np.arange(area.x, area.r) - self.bbox.x
        out = plane[np.ix_(rows.clip(0, self.bbox.h - 1), columns.clip(0, self.bbox.w - 1))]
        if self.black_outside:
            inside = np.outer((rows >= 0) & (rows < self.bbox.h), (columns >= 0) & (columns < self.bbox.w))
            out = np.where(inside, out, np.float32(0))
        return out

    def with_(self, **changes: Any) -> Image:
        """The same picture but for what is given; pixels come from this one where nothing else is said."""
        kept = {
            "format": self.format,
            "bbox": self.bbox,
            "channels": self.channels,
            "compute": self.plane,
            "black_outside": self.black_outside,
            "metadata": self.metadata,
        }
        return Image(**{**kept, **changes})


def black(a_format: Format, channels: tuple[str, ...] = ()) -> Image:
    """A picture of nothing: what an input that is not connected gives."""
    area = Area.of_format(a_format)
    return Image(a_format, area, channels, lambda _: np.zeros((area.h, area.w), np.float32), black_outside=True)
