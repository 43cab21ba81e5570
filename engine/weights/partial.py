"""What has arrived of a download so far, in a hidden file that a later run goes on with."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Origin:
    """What the bytes so far belong to.

    Attributes:
        address: that was asked for.
        validator: the server's strong ETag or its date of the file; empty: it cannot be told whether more bytes
            belong to the same file.
        total: bytes of the whole file; 0 where the server does not say.
    """

    address: str
    validator: str
    total: int


class Partial:
    """The unfinished copy of one file. It does not bear the file's name.

    Attributes:
        path: of what has arrived.
        whole: of the file when it is.

    Args:
        folder: where it lies.
        file: the name of the file to be.
    """

    def __init__(self, folder: Path, file: str) -> None:
        self.whole = folder / file
        self.path = folder / f".{file}.part"
        self._note = folder / f".{file}.part.json"

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def origin(self) -> Origin | None:
        """Give what the bytes belong to; None when there are none or nobody can say."""
        try:
            return Origin(**json.loads(self._note.read_text(encoding="utf-8"))) if self.size else None
        except (OSError, ValueError, TypeError):
            return None

    def begin(self, origin: Origin) -> BinaryIO:
        """Start anew; gives the file to write to."""
        self.clear()
        self._note.write_text(json.dumps(asdict(origin)), encoding="utf-8")
        return self.path.open("wb")

    def go_on(self) -> BinaryIO:
        """Give the file to append to."""
        return self.path.open("ab")

    def finish(self) -> None:
        """Give the file its own name: every byte has arrived."""
        self.path.replace(self.whole)
        self._note.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget what has arrived."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
