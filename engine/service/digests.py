"""The hash of each plate, computed when somebody first needs it: receiving one must cost no more than writing it."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from engine.session.signature import file_digest


@dataclass(frozen=True)
class Digests:
    """Hashes kept in a folder, each beside the size and time of change of the file that it is of."""

    folder: Path

    def of(self, frame: int, plate: Path) -> str:
        """Give the SHA-256 of a frame's plate.

        Raises:
            OSError: the plate cannot be read.
        """
        known = self.known(frame, plate)
        if known is not None:
            return known
        found = plate.stat()
        digest = file_digest(plate)
        text = f"{found.st_size} {found.st_mtime_ns} {digest}"
        temporary = self.folder / f".{frame}.{secrets.token_hex(4)}"
        temporary.write_text(text)
        temporary.replace(self.folder / str(frame))
        return digest

    def known(self, frame: int, plate: Path) -> str | None:
        """Give the hash if it was computed since the plate last changed."""
        try:
            size, changed, digest = (self.folder / str(frame)).read_text().split()
            found = plate.stat()
        except (OSError, ValueError):
            return None
        return digest if (int(size), int(changed)) == (found.st_size, found.st_mtime_ns) else None
