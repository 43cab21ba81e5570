"""What every source of plates promises, whatever the files behind it."""

import hashlib
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import PlateError

from .half import to_float

if TYPE_CHECKING:
    from typing_extensions import Self

Pixels = NDArray[np.float32]
Stored = Pixels | NDArray[np.float16]
Window = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; x1 and y1 excluded."""


@dataclass(frozen=True)
class Plate:
    """One frame of the footage, exactly as its file holds it.

    Attributes:
        stored_hwc: (H, W, 3) RGB, float32, or half where that is what the file holds, origin top-left, display
            window, in the file's own colour encoding. Values above 1 and below 0 are kept; see `images.finite` for
            what becomes of NaN and infinity.
        frame: the host's frame number.
        data_window: x0, y0, x1, y1 of what the file stores, pixels from the display window's top-left corner, x1 and
            y1 excluded. Where it is smaller than the plate the rest is black; where it is larger it was cropped.
        pixel_aspect: width of a pixel over its height.
        encoding: what the file says of the values: `scene-linear`, `srgb`, `rec709` and so on, see `DisplayTransform`.
    """

    stored_hwc: Stored
    frame: int
    data_window: Window
    pixel_aspect: float
    encoding: str

    @property
    def pixels_hwc(self) -> Pixels:
        """(H, W, 3) float32, contiguous."""
        return np.ascontiguousarray(to_float(self.stored_hwc))


class PlateSource(ABC):
    """The plates of one shot, read one at a time; use it as a context manager.

    Attributes:
        name: what the plates are called, without frame number and extension.
        frames: the frames that exist, ascending, in the host's numbers; there may be gaps.
        padding: digits of a frame number in the file names, 4 where the files do not say.
        size: width and height of every plate in pixels (the display window).
        pixel_aspect, encoding: of the first plate; see `Plate`.
        remarks: what was chosen or undone in reading the files, for people: which layer, which rotation.
    """

    name: str
    frames: tuple[int, ...]
    padding: int
    size: tuple[int, int]
    pixel_aspect: float
    encoding: str
    remarks: tuple[str, ...] = ()

    @property
    def first(self) -> int:
        """The first frame that exists."""
        return self.frames[0]

    @property
    def last(self) -> int:
        """The last frame that exists."""
        return self.frames[-1]

    def gaps(self, first: int, last: int) -> tuple[range, ...]:
        """Give the frames of `first`..`last`, both included, that have no plate, run by run."""
        here = self.frames[bisect_left(self.frames, first) : bisect_right(self.frames, last)]
        edges = [first - 1, *here, last + 1]
        return tuple(range(early + 1, late) for early, late in pairwise(edges) if late - early > 1)

    def tags(self, frame: int) -> Mapping[str, Any]:  # noqa: ARG002 - other sources say more of a frame
        """Give what a matte of a frame should say too, see `engine.media.image_header`.

        Raises:
            PlateError: as `read`.
        """
        return {"pixel_aspect": self.pixel_aspect}

    @abstractmethod
    def read(self, frame: int) -> Plate:
        """Read one plate.

        Raises:
            PlateError: `plates.missing`, `plates.empty_file`, `plates.truncated`, `plates.unreadable`, `plates.name`,
                `plates.size`, `plates.encoding` or `plates.layer`.
        """

    @abstractmethod
    def path_of(self, frame: int) -> Path:
        """Give the file that holds a frame.

        Raises:
            PlateError: `plates.missing`.
        """

    def fingerprint(self, frame: int) -> str:
        """Give a short text that changes when the file of a frame changes: its name, size and time of change.

        Raises:
            PlateError: `plates.missing`.
        """
        path = self.path_of(frame)
        try:
            stat = path.stat()
        except OSError:
            raise self._missing_plate(frame) from None
        text = f"{path.name}\n{stat.st_size}\n{stat.st_mtime_ns}\n{frame}\n{self._variant()}"
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]

    def close(self) -> None:  # noqa: B027 - most sources hold nothing open
        """Let go of open files; the source cannot be read afterwards. Does nothing the second time."""

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _variant(self) -> str:
        """What, besides the file, decides the pixels."""
        return ""

    def _missing_plate(self, frame: int) -> PlateError:
        spot = bisect_left(self.frames, frame)
        near = " and ".join(str(number) for number in self.frames[max(spot - 1, 0) : spot + 1] if number != frame)
        return PlateError(
            "plates.missing",
            f"Frame {frame} of '{self.name}' does not exist.",
            f"The plates run {self.first}-{self.last}"
            + (f", the nearest are {near}." if near else ".")
            + " Render the frame or leave it out of the range.",
        )

    def _check_size(self, size: tuple[int, int], frame: int) -> None:
        if size != self.size:
            raise PlateError(
                "plates.size",
                f"Frame {frame} of '{self.name}' is {size[0]}x{size[1]} pixels, "
                f"but frame {self.first} is {self.size[0]}x{self.size[1]}.",
                "All plates of a shot must have one size: render the odd one again or split the shot.",
            )
