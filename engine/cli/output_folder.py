"""The folder that mattes go to: checked before the work, and gone again if nothing came to lie in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine.cli.folder_lock import FolderLock
from engine.contract.errors import OutputError
from engine.media.atomic import unfinished

# What ZIP makes of a matte's half floats: almost nothing where it is flat, most of it where it is smoke.
LEAST_SHARE, USUAL_SHARE = 0.02, 0.3


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
        from engine.media.atomic import atomic_file, make_folder

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


def _megabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
