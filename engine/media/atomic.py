"""Files written whole or not at all, and folders that one program at a time writes into."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock

from engine.contract.errors import DISK_FULL, OutputError
from engine.contract.files import replace_synced

_STEM = 190  # bytes of a name that leave room for the rest of a temporary one


class WriteFailedError(Exception):
    """A library could not write a file and does not say why; `atomic_file` finds out."""


@contextmanager
def atomic_file(path: Path, expected_bytes: int) -> Iterator[Path]:
    """Give a temporary name beside `path` to write to; on success it becomes `path` in one step, else it is removed.

    The temporary name is hidden and keeps the extension. A file of no bytes counts as a failure.

    Args:
        path: the file to be; an older one is replaced.
        expected_bytes: about how large it gets at most, to tell a full disk from other failures.

    Raises:
        OutputError: `output.full_disk`, `output.not_a_folder` or `output.unwritable`.
    """
    begin = os.fsdecode(os.fsencode(path.stem)[:_STEM]).encode(errors="ignore").decode()
    temporary = path.with_name(f".{begin}.{os.getpid()}-{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield temporary
        _check_not_empty(temporary)
        replace_synced(temporary, path)
    except WriteFailedError as problem:
        _remove(temporary)
        cause = _cause(path.parent, expected_bytes)
        raise _explain(path, cause, str(problem)) from problem
    except OSError as problem:
        _remove(temporary)
        raise _explain(path, problem, "") from problem
    except BaseException:
        _remove(temporary)
        raise


def unfinished(folder: Path, process: int | None = None) -> Iterator[Path]:
    """Give the files in a folder that a process has begun by `atomic_file` and not finished; None: that any has."""
    return folder.glob(f".*.{'*' if process is None else process}-*.part*")


def make_folder(folder: Path) -> None:
    """Make a folder for output, with those above it.

    Raises:
        OutputError: `output.not_a_folder` if a file is in the way, `output.name` if the image libraries cannot be given
            its name, else as `atomic_file`.
    """
    try:
        str(folder).encode()
        folder.mkdir(parents=True, exist_ok=True)
    except UnicodeEncodeError as problem:
        shown = str(folder).encode(errors="surrogateescape").decode(errors="replace")
        raise OutputError(
            "output.name", f"The name of the folder '{shown}' is not in UTF-8.", "Give another folder."
        ) from problem
    except (FileExistsError, NotADirectoryError) as problem:
        raise OutputError(
            "output.not_a_folder",
            f"Mattes cannot be written to '{folder}': it is a file, or lies under one.",
            "Give a folder.",
        ) from problem
    except OSError as problem:
        raise _explain(folder / "_", problem, "") from problem


def _check_not_empty(path: Path) -> None:
    if path.stat().st_size == 0:
        raise WriteFailedError("nothing was written")


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _cause(folder: Path, size: int) -> OSError | None:
    """Write as many bytes without the library, to hear from the system what is wrong."""
    block = bytes(1 << 20)
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".probe") as probe:
            for _ in range(size // len(block) + 1):
                probe.write(block)
            probe.flush()
    except OSError as problem:
        return problem
    return None


def _explain(path: Path, cause: OSError | None, said: str) -> OutputError:
    if cause is not None and cause.errno in DISK_FULL:
        return OutputError(
            "output.full_disk",
            f"The disk is full: '{path.name}' could not be written to '{path.parent}'.",
            "Make room or choose another folder; the frames that are done stay valid.",
        )
    if cause is not None and isinstance(cause, (FileNotFoundError, NotADirectoryError)):
        return OutputError(
            "output.not_a_folder", f"There is no folder '{path.parent}' to write to.", "Give a folder that exists."
        )
    reason = (cause.strerror if cause is not None else "") or said or "unknown reason"
    return OutputError(
        "output.unwritable",
        f"'{path}' cannot be written: {reason}.",
        "Check the folder and its permissions.",
    )


def write_text(path: Path, text: str) -> None:
    """Write a text file that ends in one line break; folders are made.

    Raises:
        OutputError: as `atomic_file` and `make_folder`.
    """
    content = (text.rstrip("\n") + "\n").encode()
    make_folder(path.parent)
    with atomic_file(path, len(content)) as temporary:
        temporary.write_bytes(content)


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
