"""Shots on disk: plates as they came, prompts, mattes. The service writes plates, the worker mattes.

    shots/NAME/shot.json                   the declaration
               inbox/                      where a host on this machine puts files to be taken over
               plates/1001/1001.TOKEN.exr  as received, or 1001.TOKEN.HxWxC.float16.bottom-left.raw
               digests/1001                the hash of a plate, once somebody needed it
               mattes/matte.1001.exr       with the signature of what made it
               previews/matte.1001.exr     the same, made ahead of tracking
    jobs/ID.jsonl                          a job and its events, one a line

Everything appears by a rename, so whatever is there is whole, however the writer ended.
"""

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.contract.errors import PlateError, ServiceError
from engine.service.declaration import Declaration, declaration_from_json, declaration_to_json
from engine.service.digests import Digests
from engine.service.raw import RawLayout

FORMAT = 1
MATTE = "matte"  # first part of every matte's file name
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_SUFFIX = re.compile(r"[a-z0-9]{1,5}")


class Store:
    """All shots.

    Args:
        root: the store's folder; made (0700) if it is not there.

    Raises:
        ServiceError: `store.unusable` or `store.version`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            for folder in (root, root / "shots", root / "jobs", root / "incoming"):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            marker = root / "format.json"
            if not marker.exists():
                _write(marker, json.dumps({"version": FORMAT}))
            version = json.loads(marker.read_text())["version"]
        except (OSError, ValueError, KeyError) as problem:
            raise ServiceError(
                "store.unusable",
                f"The store '{root}' cannot be used: {problem}.",
                "Choose another folder with MAM2_STORE, or check its permissions.",
            ) from problem
        if version != FORMAT:
            raise ServiceError(
                "store.version",
                f"The store '{root}' has format {version}; this engine knows format {FORMAT}.",
                "Use the newer engine, or choose another folder with MAM2_STORE.",
            )

    def names(self) -> list[str]:
        """Give the names of the shots there are."""
        return sorted(path.parent.name for path in (self.root / "shots").glob("*/shot.json"))

    def declare(self, name: str, declaration: Declaration) -> "StoredShot":
        """Make a shot, or change one."""
        shot = StoredShot(self._folder(name))
        for part in ("inbox", "plates", "digests", "mattes", "previews"):
            (shot.folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(shot.folder / "shot.json", json.dumps(declaration_to_json(declaration)))
        return shot

    def shot(self, name: str) -> "StoredShot":
        """Give a shot.

        Raises:
            ServiceError: `shot.unknown`, or a name that cannot be one.
        """
        shot = StoredShot(self._folder(name))
        if not (shot.folder / "shot.json").is_file():
            raise ServiceError("shot.unknown", f"There is no shot '{name}'.", "Declare it first: PUT /v1/shots/NAME.")
        return shot

    def use(self, name: str) -> None:
        """Note that a shot is in use: the one used longest ago makes room first.

        Raises:
            ServiceError: as `shot`.
        """
        os.utime(self.shot(name).folder / "shot.json")

    def delete(self, name: str) -> None:
        """Remove a shot with all that belongs to it; out of sight in one step.

        Raises:
            ServiceError: as `shot`.
        """
        gone = self.root / "incoming" / f"deleted.{secrets.token_hex(8)}"
        self.shot(name).folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def incoming(self) -> Path:
        """Give a new name, on the store's own disk, for a file that is being received."""
        return self.root / "incoming" / secrets.token_hex(16)

    def sweep(self) -> None:
        """Remove what was being received when an engine ended; nobody was told that it had arrived."""
        for path in (self.root / "incoming").iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _folder(self, name: str) -> Path:
        if not _NAME.fullmatch(name) or ".." in name:
            raise ServiceError(
                "shot.name",
                f"'{name[:80]}' cannot name a shot.",
                "Use letters, digits, '_', '-' and '.', 128 at most, not beginning with a '.'.",
            )
        return self.root / "shots" / name


@dataclass(frozen=True)
class StoredShot:
    """One shot's folder."""

    folder: Path

    @property
    def name(self) -> str:
        """The shot's name."""
        return self.folder.name

    @property
    def inbox(self) -> Path:
        """Where a host on this machine puts files that the engine then takes over."""
        return self.folder / "inbox"

    @property
    def digests(self) -> Digests:
        """The hashes of the plates."""
        return Digests(self.folder / "digests")

    def declaration(self) -> Declaration:
        """Read what was declared.

        Raises:
            ServiceError: `shot.unknown` if it was deleted meanwhile.
            ShotError: `shot.version`.
        """
        try:
            text = (self.folder / "shot.json").read_text()
        except FileNotFoundError:
            raise ServiceError("shot.unknown", f"The shot '{self.name}' is gone.", "Declare it again.") from None
        return declaration_from_json(json.loads(text))

    def put_plate(self, frame: int, received: Path, kind: "str | RawLayout") -> None:
        """Take a received file over as the plate of a frame; an older one goes.

        Args:
            frame: the host's number.
            received: a file on the store's disk; afterwards it is gone from there.
            kind: the image format's file extension, or how raw pixels lie.

        Raises:
            PlateError: `plates.format` for an extension that is none.
        """
        suffix = kind.suffix() if isinstance(kind, RawLayout) else kind
        if isinstance(kind, str) and not _SUFFIX.fullmatch(kind):
            raise PlateError("plates.format", f"'{kind[:20]}' is no image format.", "Send EXR, PNG, DPX, TIFF or JPEG.")
        own = self.folder / "plates" / str(frame)
        own.mkdir(exist_ok=True)
        path = own / f"{frame}.{secrets.token_hex(4)}.{suffix}"
        os.utime(received)  # the newest of several counts, see `plate`
        received.replace(path)
        for older in own.iterdir():
            if older != path:
                older.unlink(missing_ok=True)

    def take(self, frame: int, name: str, kind: "str | RawLayout") -> None:
        """Take a file of the inbox over as the plate of a frame, without copying it.

        Raises:
            PlateError: `plates.hand_over` if there is no such plain file in the inbox; as `put_plate`.
        """
        path = self.inbox / name
        if not name or Path(name).name != name or path.is_symlink() or not path.is_file():
            raise PlateError(
                "plates.hand_over",
                f"There is no file '{name[:80]}' in the shot's inbox.",
                f"Write it into {self.inbox} first, under a plain name.",
            )
        self.put_plate(frame, path, kind)

    def plate(self, frame: int) -> Path | None:
        """Give the plate of a frame; None when there is none. A writer that was killed may leave two: the newer."""
        with suppress(FileNotFoundError):
            files = [
                (entry.stat().st_mtime_ns, entry.path) for entry in os.scandir(self.folder / "plates" / str(frame))
            ]
            return Path(max(files)[1]) if files else None
        return None

    def frames(self) -> list[int]:
        """Give the frames that have a plate, ascending."""
        numbers = (int(path.name) for path in (self.folder / "plates").iterdir())
        return sorted(frame for frame in numbers if self.plate(frame))

    def matte(self, frame: int, *, preview: bool = False) -> Path:
        """Give the file of a frame's mattes, whether it exists or not."""
        return self.folder / ("previews" if preview else "mattes") / f"{MATTE}.{frame:04d}.exr"

    def mattes(self) -> Iterator[int]:
        """Give the frames that have mattes, ascending, right or stale."""
        names = (path.name.split(".") for path in (self.folder / "mattes").glob(f"{MATTE}.*.exr"))
        yield from sorted(int(parts[1]) for parts in names)


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    temporary.write_text(text)
    temporary.replace(path)
