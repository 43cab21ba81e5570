"""Shots on disk: plates as they came, prompts, mattes. The service writes plates, the worker mattes.

    shots/NAME/shot.json                   the declaration
               inbox/                      where a host on this machine puts files to be taken over
               plates/1001/1001.TOKEN.exr  as received, or 1001.TOKEN.HxWxC.float16.bottom-left.raw; the last TOKEN
                                           counts
               digests/1001                the hash of a plate, once somebody needed it
               mattes/matte.1001.exr       with the signature of what made it
               previews/matte.1001.exr     the same, made ahead of tracking
    jobs/ID.jsonl                          a job and its events, one a line
    incoming/                              what is being received, and what is being removed
    working/                               a worker's features and memories of shots; they go when its process has ended
    damaged/                               shots and jobs that could not be read when an engine started, set aside

Everything appears and goes by a rename, so whatever is there is whole, however the writer ended. What was taken out of
sight is given back to the caller, who calls `discard` where nobody waits: a large file takes its time to go.
"""

import json
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.contract.errors import DISK_FULL, EngineError, PlateError, ServiceError
from engine.contract.files import is_reserved, write_whole
from engine.media.atomic import unfinished
from engine.service.declaration import Declaration, declaration_from_json, declaration_to_json
from engine.service.received import RawLayout, too_large
from engine.session.signature import file_digest

_log = logging.getLogger(__name__)

FORMAT = 1
MATTE = "matte"  # first part of every matte's file name
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_SUFFIX = re.compile(r"[a-z0-9]{1,5}")
# Systems lay files of their own beside ours (.DS_Store, .nfs0001, Thumbs.db): only what has our names is ours.
_PLATE = re.compile(r"(-?\d+)\.([0-9a-f]{8})[0-9a-f]{8}\.[A-Za-z0-9.-]+")
_MATTE = re.compile(MATTE + r"\.(-?\d+)\.exr")
_NUMBER = re.compile(r"-?\d+")


class Store:
    """All shots.

    Args:
        root: the store's folder; made (0700) if it is not there.

    Raises:
        ServiceError: `store.unusable` or `store.version`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root = root.absolute()  # other processes of ours work in another folder
        try:
            for folder in (root, *(root / part for part in ("shots", "jobs", "incoming", "working", "damaged"))):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            marker = root / "format.json"
            if not marker.exists() or not marker.stat().st_size:
                write_whole(marker, json.dumps({"version": FORMAT}).encode())
            version = json.loads(marker.read_text())["version"]
        except (OSError, ValueError, KeyError, TypeError) as problem:
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
        self._last_use = max((self.used(name) for name in self.names()), default=0)

    def names(self) -> list[str]:
        """Give the names of the shots there are."""
        names = (path.parent.name for path in (self.root / "shots").glob("*/shot.json"))
        return sorted(name for name in names if _can_name(name))

    def declare(self, name: str, declaration: Declaration) -> "StoredShot":
        """Make a shot, or change one."""
        shot = StoredShot(self._folder(name))
        for part in ("inbox", "plates", "digests", "mattes", "previews"):
            (shot.folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(shot.folder / "shot.json", json.dumps(declaration_to_json(declaration)).encode())
        self.use(name)
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
        self._last_use = max(time.time_ns(), self._last_use + 1)  # in order, though somebody sets the clock back
        os.utime(self.shot(name).folder / "shot.json", ns=(self._last_use, self._last_use))

    def used(self, name: str) -> int:
        """Give a number that grows with every use of any shot; 0 for a shot that is gone."""
        with suppress(OSError):
            return (self.root / "shots" / name / "shot.json").stat().st_mtime_ns
        return 0

    def remove(self, name: str) -> Path:
        """Take a shot with all that belongs to it out of sight, and give what is to be discarded.

        Raises:
            ServiceError: as `shot`.
        """
        gone = self.incoming()
        self.shot(name).folder.rename(gone)
        return gone

    def incoming(self) -> Path:
        """Give a new name, on the store's own disk, for a file that is being received."""
        return self.root / "incoming" / secrets.token_hex(16)

    def working(self) -> Path:
        """Give a new name for a worker's folder."""
        return self.root / "working" / secrets.token_hex(16)

    def leftovers(self) -> list[Path]:
        """Give, before anything new is received, what an engine that was killed has left to be discarded.

        Nobody was told that it had arrived, or somebody was told that it is gone, or its worker has gone with it.
        """
        unborn = [path for path in (self.root / "shots").iterdir() if not (path / "shot.json").exists()]
        return [*(self.root / "incoming").iterdir(), *(self.root / "working").iterdir(), *unborn, *self.begun()]

    def set_damaged_aside(self) -> None:
        """Move shots that cannot be read, with all that belongs to them, to where nobody trips over them; logged."""
        for name in self.names():
            problem = self.shot(name).problem()
            if problem is not None and problem.code == "shot.damaged":
                set_aside(self.root, self.root / "shots" / name, problem.message)

    def begun(self, process: int | None = None) -> list[Path]:
        """Give the mattes that a worker has begun and not finished; None: that any worker has."""
        found: list[Path] = []
        for part in ("mattes", "previews"):
            for folder in (self.root / "shots").glob(f"*/{part}"):
                with suppress(OSError):  # a shot may be removed meanwhile
                    found += unfinished(folder, process)
        return found

    def _folder(self, name: str) -> Path:
        if not _can_name(name):
            raise ServiceError(
                "shot.name",
                f"'{name[:80]}' cannot name a shot.",
                "Use letters, digits, '_', '-' and '.', 128 at most, with no '.' at either end, and no name that "
                "Windows keeps for a device.",
            )
        return self.root / "shots" / name


@dataclass(frozen=True)
class Digests:
    """Hashes of plates kept in a folder, each beside the name, size and time of change of the file that it is of.

    One is computed when somebody first needs it: receiving a plate must cost no more than writing it.
    """

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
            ServiceError: `shot.unknown` if it was deleted meanwhile, `shot.damaged` if it cannot be understood.
            ShotError: `shot.version`.
        """
        try:
            return declaration_from_json(json.loads((self.folder / "shot.json").read_text()))
        except FileNotFoundError:
            raise ServiceError("shot.unknown", f"The shot '{self.name}' is gone.", "Declare it again.") from None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as problem:
            raise ServiceError(
                "shot.damaged",
                f"What the store says of the shot '{self.name}' is damaged ({type(problem).__name__}).",
                "Declare it again: its plates and mattes are still there until the engine starts anew.",
            ) from problem

    def problem(self) -> EngineError | None:
        """Give what is wrong with the declaration, if anything; see `declaration`."""
        try:
            self.declaration()
        except EngineError as problem:
            return problem
        return None

    def put_plate(self, frame: int, received: Path, kind: "str | RawLayout") -> list[Path]:
        """Take a received file over as the plate of a frame, and give older ones, which are to be discarded.

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
        older = _plates_in(own)
        turn = 1 + max((int(_PLATE.fullmatch(path.name)[2], 16) for path in older), default=0)  # type: ignore[index]
        received.replace(own / f"{frame}.{turn:08x}{secrets.token_hex(4)}.{suffix}")
        return older

    def take(self, frame: int, name: str, kind: "str | RawLayout", most_bytes: int) -> list[Path]:
        """Take a file of the inbox over as the plate of a frame, without copying it; else as `put_plate`.

        Raises:
            PlateError: `plates.hand_over` if there is no such plain file in the inbox; `plates.truncated`.
            ServiceError: `engine.too_large` if it has more than `most_bytes`.
        """
        path = self.inbox / name
        if not name or Path(name).name != name or path.is_symlink() or not path.is_file():
            raise PlateError(
                "plates.hand_over",
                f"There is no file '{name[:80]}' in the shot's inbox.",
                f"Write it into {self.inbox} first, under a plain name.",
            )
        size = path.stat().st_size
        if size > most_bytes:
            raise too_large(most_bytes)
        if isinstance(kind, RawLayout):
            kind.check(size)
        return self.put_plate(frame, path, kind)

    def plate(self, frame: int) -> Path | None:
        """Give the plate of a frame; None when there is none. While one replaces another there are two: the newer."""
        folder = self.folder / "plates" / str(frame)
        with suppress(FileNotFoundError):
            return max(_plates_in(folder), default=None)
        return None

    def frames(self) -> list[int]:
        """Give the frames that have a plate, ascending."""
        names = (path.name for path in (self.folder / "plates").iterdir())
        return sorted(frame for frame in (int(name) for name in names if _NUMBER.fullmatch(name)) if self.plate(frame))

    def matte(self, frame: int, *, preview: bool = False) -> Path:
        """Give the file of a frame's mattes, whether it exists or not."""
        return self.folder / ("previews" if preview else "mattes") / f"{MATTE}.{frame:04d}.exr"

    def mattes(self) -> Iterator[int]:
        """Give the frames that have mattes, ascending, right or stale."""
        found = (_MATTE.fullmatch(path.name) for path in (self.folder / "mattes").iterdir())
        yield from sorted(int(match[1]) for match in found if match)


def set_aside(root: Path, path: Path, reason: str) -> None:
    """Move what cannot be read into the store's folder of such things, and log why; nothing is lost by it."""
    place = root / "damaged" / f"{path.name}.{secrets.token_hex(4)}"
    try:
        place.parent.mkdir(exist_ok=True, mode=0o700)
        path.rename(place)
    except OSError as problem:
        _log.warning("%s It cannot be set aside either: %s", reason, problem)
    else:
        _log.warning("%s It was set aside: %s", reason, place)


def discard(path: Path) -> None:
    """Remove a file or a folder that was taken out of sight; what cannot be removed is left for the next start."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def store_unusable(problem: OSError) -> ServiceError:
    """Give what to say when the store's disk refuses."""
    if problem.errno in DISK_FULL:
        return ServiceError(
            "store.full",
            f"The disk of the store is full: {problem.strerror}.",
            "Make room on it, or choose another one with MAM2_STORE; what was stored before is whole.",
        )
    return ServiceError(
        "store.unusable",
        f"The store cannot be used: {problem}.",
        "Check the disk and its permissions (MAM2_STORE).",
    )


def _can_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and ".." not in name and not is_reserved(name)


def _plates_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if _PLATE.fullmatch(path.name)]
