"""Plates encoded beside what else is done: what an encoder makes of one needs nothing of the frames before it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from engine.model.tensors import Features
from engine.session.side_by_side import use_threads


class EncodeAhead:
    """Encodes plates one after another, in a thread of its own that computes on one; another thread uses it."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._under_way: dict[int, Future[Features]] = {}

    def begin(self, frame: int, encode: Callable[[], Features]) -> None:
        """Have a frame's plate encoded, unless it is being encoded already.

        Of other frames that were begun and never taken, only the latest stays.
        """
        if frame in self._under_way:
            return
        for forgotten in list(self._under_way)[:-1]:
            self._under_way.pop(forgotten).cancel()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "mam2-encoder", initializer=use_threads, initargs=(1,))
        self._under_way[frame] = self._pool.submit(encode)

    def take(self, frame: int) -> Features:
        """Wait for the features of a frame that was begun; raises what encoding raised."""
        return self._under_way.pop(frame).result()

    def has(self, frame: int) -> bool:
        """Tell whether a frame was begun and not taken yet."""
        return frame in self._under_way

    def rest(self) -> None:
        """Forget what is under way, and end the thread."""
        self._under_way.clear()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
