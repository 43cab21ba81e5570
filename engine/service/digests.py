"""The hash of each plate, computed when somebody first needs it: receiving one must cost no more than writing it."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.session.signature import file_digest


@dataclass(frozen=True)
class Digests:
    """Hashes kept in a folder, each beside the name, size and time of change of the file that it is of."""

    folder: Path

    def of(self, frame: int, plate: Path) -> str:
        """Give the SHA-256 of a frame's plate.

        Raises:
            OSError: the plate cannot be read.
        """
        found = plate.stat()
        identity = f"{plate.name} {found.st_size} {found.st_mtime_ns} "
        kept = self.folder / str(frame)
        with suppress(OSError, UnicodeDecodeError):
            text = kept.read_text()
            if text.startswith(identity):
                return text.removeprefix(identity)
        digest = file_digest(plate)
        temporary = self.folder / f".{frame}.{secrets.token_hex(4)}"
        try:
            temporary.write_text(identity + digest)
            temporary.replace(kept)
        except OSError:  # on a full disk it is computed again
            with suppress(OSError):
                temporary.unlink()
        return digest
