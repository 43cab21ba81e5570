"""Writing a frame while the next one is made: one thread, one frame behind."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

Write = Callable[[int, Mapping[str, Any]], object]


class WriteBehind:
    """Writes frames in the order given; `done` hears of each when its file is whole. A context manager.

    Leaving it waits for the frame under way, also after an error, so that nothing is left half-written.

    Args:
        write: writes one frame; runs in a thread of its own.
        done: told a frame's number, in the thread that calls `write`.
    """

    def __init__(self, write: Write, done: Callable[[int], None]) -> None:
        self._write, self._done = write, done
        self._under_way: tuple[int, Future[object]] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mam2-mattes")

    def __enter__(self) -> "WriteBehind":  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._finish()
        except Exception:
            if error is None:  # the first thing that went wrong is what the artist should hear of
                raise
        finally:
            self._thread.shutdown()

    def write(self, frame: int, layers: Mapping[str, Any]) -> None:
        """Write a frame as soon as the one before is written; raises what writing that one raised."""
        self._finish()
        self._under_way = (frame, self._thread.submit(self._write, frame, layers))

    def _finish(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way:
            under_way[1].result()
            self._done(under_way[0])
