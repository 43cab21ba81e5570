"""Plates as a session sees them: media's files through the shot's one display transform, read a frame ahead."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.media.colour import DisplayTransform
from engine.media.source import PlateSource

Display = NDArray[np.float32]


class ShotPlates:
    """Display-referred plates of a shot; `close` it in the end.

    Attributes:
        size: width and height in pixels.
    """

    def __init__(self, source: PlateSource, transform: DisplayTransform) -> None:
        self.size = source.size
        self._source = source
        self._transform = transform
        self._next: dict[int, int] = {}
        self._ahead: tuple[int, Future[Display]] | None = None
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="mam2-plates")

    def follow(self, order: Sequence[int]) -> None:
        """Say in which order frames will be asked for: while one is worked on, the next is read."""
        self._next = dict(pairwise(order))

    def display(self, frame: int) -> Display:
        """Give a plate as (H, W, 3) float32 display-referred sRGB of 0..1, origin top-left.

        Raises:
            PlateError: as `PlateSource.read`.
        """
        ready, self._ahead = self._ahead, None
        plate = ready[1].result() if ready and ready[0] == frame else self._read(frame)
        following = self._next.get(frame)
        if following is not None:
            self._ahead = (following, self._reader.submit(self._read, following))
        return plate

    def close(self) -> None:
        """Read no further ahead."""
        self._reader.shutdown(cancel_futures=True)

    def _read(self, frame: int) -> Display:
        return self._transform.apply(self._source.read(frame).stored_hwc)
