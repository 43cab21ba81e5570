"""Work that a person may stop at any moment."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread, current_thread, main_thread
from typing import Generic, TypeVar

T = TypeVar("T")

POLL = 0.1
PATIENCE = 0.5


class Interrupted(Exception):  # noqa: N818 - nothing went wrong: somebody pressed Ctrl-C
    """The work was stopped by Ctrl-C, or by what a farm or `kill` sends to end a process."""


class _Work(Generic[T]):
    """A call and what became of it."""

    def __init__(self, call: Callable[[Event], T]) -> None:
        self.stop = Event()
        self.finished = Event()
        self.results: list[T] = []
        self.error: BaseException | None = None
        self._call = call

    def __call__(self) -> None:
        try:
            self.results.append(self._call(self.stop))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self.error = error
        finally:
            self.finished.set()


def in_background(call: Callable[[Event], T]) -> T:
    """Run `call(stop)` in a thread and wait for it; what it raises is raised here.

    One tensor operation can take longer than anybody waits after Ctrl-C, and Python handles signals only between
    operations of the main thread: so the main thread does nothing but wait.

    Raises:
        Interrupted: after Ctrl-C or SIGTERM. `stop` was set, and the thread had half a second to end; it may still run.
    """
    work = _Work(call)
    Thread(target=work, name="mam2-work", daemon=True).start()
    try:
        with _sigterm_as_ctrl_c():
            # Not `join`: interrupted, it takes the thread for ended (before Python 3.13).
            while not work.finished.wait(POLL):
                pass
    except KeyboardInterrupt:
        work.stop.set()
        with suppress(KeyboardInterrupt):  # twice: at once, then
            work.finished.wait(PATIENCE)
        raise Interrupted from None
    if work.error is not None:
        raise work.error
    return work.results[0]


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """End as orderly when a farm says so as when a person does; only a program's main thread hears either."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)  # None: of a program's own that Python cannot name
