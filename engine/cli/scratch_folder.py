"""A folder for working files, gigabytes of a long shot: it goes with its process, or with the next one."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

_PREFIX, _LOCK = "mam2-", "in-use.lock"
_BEGINNING = 60.0  # seconds in which a folder may be there whose process has not locked it yet


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder that is removed even while a thread left behind still uses it.

    Nobody can clear up after himself who is killed or runs out of memory: what such processes of the same user have
    left is removed first.
    """
    _remove_abandoned(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = filelock.FileLock(folder / _LOCK)
    try:
        _take(lock)
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _take(lock: filelock.BaseFileLock) -> None:
    """Lock a folder; on a disk without locks it has none, and nobody will take it for abandoned."""
    try:
        lock.acquire()
    except (OSError, NotImplementedError):
        Path(lock.lock_file).unlink(missing_ok=True)


def _remove_abandoned(among: Path) -> None:
    """Remove the folders whose lock nobody holds; the system frees a lock when its process ends, however it ends."""
    for folder in among.glob(f"{_PREFIX}*"):
        with suppress(OSError, filelock.Timeout, NotImplementedError):
            if _may_be_abandoned(folder):
                with filelock.FileLock(folder / _LOCK, timeout=0):
                    pass  # an open file would keep its folder on Windows
                shutil.rmtree(folder, ignore_errors=True)


def _may_be_abandoned(folder: Path) -> bool:
    lock = folder / _LOCK
    if folder.is_symlink() or not lock.is_file():
        return False
    own = os.name == "nt" or folder.stat().st_uid == os.getuid()  # a lock in anybody else's folder may be a trap
    return own and time.time() - lock.stat().st_mtime > _BEGINNING
