"""Folders of a run: that of its mattes, gone again if nothing came to lie in it, and one for working files."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import filelock

from engine.contract.errors import OutputError

from .atomic import FolderLock, atomic_file, make_folder, unfinished

# What ZIP makes of a matte's half floats: almost nothing where it is flat, most of it where it is smoke.
LEAST_SHARE, USUAL_SHARE = 0.02, 0.3

_PREFIX, _LOCK = "mam2-", "in-use.lock"
_BEGINNING = 60.0  # seconds in which a folder may be there whose process has not locked it yet


@dataclass
class OutputFolder:
    """A folder for mattes: see `output_folder`."""

    path: Path
    _made: list[Path] = field(default_factory=list)
    _lock: FolderLock | None = None

    def prepare(self) -> None:
        """Make the folder and try to write to it.

        Raises:
            OutputError: `output.not_a_folder`, `output.unwritable` or `output.full_disk`.
        """
        missing = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        self._made.extend(missing)
        make_folder(self.path)
        probe = self.path / ".writable"
        with atomic_file(probe, 1) as temporary:
            temporary.write_bytes(b"?")
        probe.unlink()

    def claim(self, name: str, shot: str, *, alone: bool) -> None:
        """Keep other runs from writing mattes of the same name here at the same time, until this one ends.

        Args:
            name: first part of the mattes' file names.
            shot: what is made, as a text.
            alone: also those that make other frames of the same.

        Raises:
            OutputError: `output.in_use`.
        """
        self._lock = FolderLock(self.path, name)
        self._lock.take(shot, alone=alone)

    def room_for(self, width: int, height: int, frames: int, channels: int) -> str | None:
        """Compare the free space with what the mattes may need.

        Args:
            width: of a plate, in pixels.
            height: of a plate, in pixels.
            frames: how many will be written.
            channels: per frame, two bytes a pixel each.

        Returns:
            A warning when it may get tight.

        Raises:
            OutputError: `output.full_disk` if it cannot be enough.
        """
        whole = 2 * width * height * frames * channels
        free = shutil.disk_usage(self.path).free
        if free < whole * LEAST_SHARE:
            raise OutputError(
                "output.full_disk",
                f"There are {_megabytes(free)} free at '{self.path}', but {frames} mattes need at least "
                f"{_megabytes(whole * LEAST_SHARE)}.",
                "Make room or choose another folder with -o.",
            )
        if free < whole * USUAL_SHARE:
            return f"disk: {_megabytes(free)} free, {frames} mattes may need up to {_megabytes(whole * USUAL_SHARE)}"
        return None

    def tidy(self) -> None:
        """Remove what this process has not finished, and the folders that it made and left empty."""
        if self._lock is not None:
            self._lock.release()
        # A thread that was left behind may have begun a file; files that are done have no `.part`.
        with suppress(OSError):
            for begun in unfinished(self.path, os.getpid()):
                begun.unlink(missing_ok=True)
        with suppress(OSError):
            for folder in self._made:
                folder.rmdir()


@contextmanager
def output_folder(path: Path) -> Iterator[OutputFolder]:
    """Give a folder for mattes; afterwards no unfinished file and no empty folder made for it is left."""
    folder = OutputFolder(path)
    try:
        yield folder
    finally:
        folder.tidy()


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


def _megabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


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
