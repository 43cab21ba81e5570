"""One set-up at a time in one environment."""

from __future__ import annotations

import errno
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "mam2-setup.lock"
_BUSY = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


@contextmanager
def only_one(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of an environment's folder; the system lets go of it even when the process is killed.

    Args:
        folder: an existing folder.
        waiting: called once when another set-up holds the lock already.
    """
    with (folder / NAME).open("a+b") as handle:
        if not _take(handle):
            waiting()
            while not _take(handle):
                time.sleep(0.5)
        yield


def _take(handle: IO[bytes]) -> bool:
    """Take the lock or give False; a file system without locks counts as taken, for nothing better can be done."""
    try:
        _lock_now(handle)
    except OSError as problem:
        return problem.errno not in _BUSY
    return True


if sys.platform == "win32":
    import msvcrt

    def _lock_now(handle: IO[bytes]) -> None:
        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock_now(handle: IO[bytes]) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
