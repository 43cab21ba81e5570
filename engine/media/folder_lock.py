"""One shot's mattes in one folder at a time: an advisory lock that goes when its process does, however that ends."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import filelock

from engine.contract.errors import OutputError

if sys.platform != "win32":
    import fcntl


class FolderLock:
    """A lock on the mattes of one name in a folder.

    Runs that make chunks of one shot share it; any other run has it alone. On Windows chunks go without: its locks are
    not shared. So does every run where the file system has no locks.

    Args:
        folder: where the mattes go; it exists.
        name: first part of their file names.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._path, self._name = folder / f".{name}.lock", name
        self._file: int | None = None
        self._windows: Any = None

    def take(self, shot: str, *, alone: bool) -> None:
        """Take the lock.

        Args:
            shot: what is made, as a text; runs that share the lock have the same.
            alone: share it with nobody.

        Raises:
            OutputError: `output.in_use`.
        """
        if sys.platform == "win32":
            if alone:
                self._windows = filelock.FileLock(str(self._path), timeout=0)
                try:
                    self._windows.acquire()
                except filelock.Timeout:
                    self._windows = None
                    raise self._in_use() from None
            return
        while self._file is None:
            try:
                file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except OSError:
                return  # what cannot be written here is told by those who write mattes
            try:
                self._lock(file, shot, alone=alone)
            except BlockingIOError:
                os.close(file)
                raise self._in_use() from None
            except OSError:
                os.close(file)
                return
            except OutputError:
                os.close(file)
                raise
            # Whoever had it before may have taken its file away between our opening and our locking it.
            if self._is_there(file):
                self._file = file
            else:
                os.close(file)

    def release(self) -> None:
        """Give the lock back, and take its file away if nobody shares it; does nothing the second time."""
        if self._windows is not None:
            self._windows.release()
            self._windows = None
            with suppress(OSError):
                self._path.unlink()
        file, self._file = self._file, None
        if file is not None and sys.platform != "win32":
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._path.unlink()
            os.close(file)

    def _lock(self, file: int, shot: str, *, alone: bool) -> None:
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if alone:
                raise
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if os.pread(file, len(shot) + 1, 0).decode(errors="replace") != shot:
                raise self._in_use() from None
            return
        os.ftruncate(file, 0)
        os.pwrite(file, shot.encode(), 0)
        if not alone:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _is_there(self, file: int) -> bool:
        with suppress(OSError):
            return os.path.samestat(os.fstat(file), self._path.stat())
        return False

    def _in_use(self) -> OutputError:
        return OutputError(
            "output.in_use",
            f"Another run is writing mattes called '{self._name}' to '{self._path.parent}'.",
            "Wait for it, or give another folder with -o or another name with --name.",
        )
