"""Mattes on this machine's disk, and whether they are still the ones that would be made.

    CACHE/UID/v0001/result.json           what made each frame
                    scripts.txt           the scripts that were saved with it
                    VIEW/matte.1001.exr   (a script of one view has no VIEW)

Every track begins a new version, so that neither Nuke's caches nor an undo ever meet other pixels under an old name.
What is still right in the version before is linked into it, not made again.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Callable, Optional

from .contract import DIRECTIONS, MaskPrompt, Prompt, plan_shot, prompt_to_json, settings_to_json, write_whole
from .request import TrackRequest

FILE = "result.json"
_MARKS = "scripts.txt"
_FORMAT = 1
_SAVED = ("frames", "files", "objects", "scale", "layers")


@dataclass(frozen=True)
class Result:
    """The mattes of one version.

    Attributes:
        folder: of the version.
        frames: by view: signature by frame.
        files: by view: hash of the plates' files when they were read.
        objects: names of the objects in the mattes.
        scale: pixels of the plate to one of the mattes, along each side.
        layers: what the mattes' files hold besides, as the request's.
    """

    folder: Path
    frames: dict[str, dict[int, str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    objects: tuple[str, ...] = ()
    scale: int = 1
    layers: tuple[str, ...] = ()

    def path(self, view: str, frame: int) -> Path:
        """Give the file of a frame."""
        return self.folder / view / f"matte.{frame:04d}.exr"

    @property
    def pattern(self) -> str:
        """The mattes' files as Nuke's Read takes them."""
        return str(self.folder / ("%V" if list(self.frames) != [""] else "") / "matte.%04d.exr").replace("\\", "/")

    @property
    def count(self) -> int:
        """How many frames have a matte, those of all views together."""
        return sum(len(frames) for frames in self.frames.values())

    def save(self) -> None:
        """Write what is known of this version, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        data = {"format": _FORMAT, **{name: getattr(self, name) for name in _SAVED}}
        write_whole(self.folder / FILE, json.dumps(data, indent=1, sort_keys=True).encode(), 0o666)


def load(path: str) -> Optional[Result]:
    """Read a version again; None when it is gone or of a form that is unknown here."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return _load(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=32)
def _load(path: str, _changed: int, _size: int) -> Optional[Result]:
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        if data["format"] != _FORMAT:
            return None
        frames = {
            view: {int(frame): str(sign) for frame, sign in known.items()} for view, known in data["frames"].items()
        }
        known = dict(data["files"]), tuple(data["objects"]), int(data["scale"]), tuple(data.get("layers", ()))
        return Result(Path(path).parent, frames, *known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def signer(request: TrackRequest, direction: str) -> Callable[[int], str]:
    """Give the function from frame to what decides its mattes, as one hash.

    It covers size, range, settings, model, the prompts that reach the frame, and the graph above both inputs. The
    engine knows its own plates better; this is what can be told with no engine at hand.
    """
    shot = replace(request.shot, settings=replace(request.shot.settings, direction=direction))
    courses = plan_shot(shot)
    size = [shot.first, shot.last, shot.width, shot.height]
    shared = [size, settings_to_json(shot.settings), request.model, request.plates.graph]
    shared += [*request.layers, *([one.kind, one.thing, *vars(one.above).values()] for one in request.held)]
    said = [(thing.name, [(one.frame, _said(one, request)) for one in thing.prompts]) for thing in shot.objects]

    def sign(frame: int) -> str:
        prompts = []
        for name, all_prompts in said:
            reaching = courses[name].reaching(frame)
            prompts.append([name, [what for when, what in all_prompts if when in reaching]])
        return hashlib.sha256(json.dumps([*shared, prompts], sort_keys=True).encode()).hexdigest()[:32]

    return sign


def _said(prompt: Prompt, request: TrackRequest) -> object:
    return [prompt.frame, request.masks.graph] if isinstance(prompt, MaskPrompt) else prompt_to_json(prompt)


@dataclass(frozen=True)
class State:
    """How a view's mattes stand, over the shot's range.

    Attributes:
        right: frames whose mattes are what would be made now.
        stale: frames whose mattes were made for something else.
        missing: frames without any.
        plates_changed: the plates' files are others than those that were read, by size or date.
    """

    right: tuple[int, ...]
    stale: tuple[int, ...]
    missing: tuple[int, ...]
    plates_changed: bool = False


def state_of(request: TrackRequest, result: Optional[Result]) -> State:
    """Compare the mattes there are with the request: the node as it stands now."""
    known = result.frames.get(request.view, {}) if result else {}
    there = {frame for frame in known if result is not None and result.path(request.view, frame).is_file()}
    signs = [signer(request, direction) for direction in DIRECTIONS]
    right = [frame for frame in sorted(there) if known[frame] in {sign(frame) for sign in signs}]
    wanted = request.shot.frames
    return State(
        tuple(frame for frame in right if frame in wanted),
        tuple(sorted(there.intersection(wanted) - set(right))),
        tuple(frame for frame in wanted if frame not in there),
        result is not None and bool(known) and result.files.get(request.view) != request.plates.files,
    )


def begin(base: Path, requests: Iterable[TrackRequest], before: Optional[Result]) -> Result:
    """Make the folder of the next version and link what is still right into it.

    Raises:
        OSError: it cannot be made.
    """
    base.mkdir(parents=True, exist_ok=True)
    number = 1 + max([0, *(int(path.name[1:]) for path in base.glob("v[0-9][0-9][0-9][0-9]"))])
    while True:  # another process may be making one too
        folder = base / f"v{number:04d}"
        try:
            folder.mkdir()
            break
        except FileExistsError:
            number += 1
    requests = list(requests)
    names = tuple(thing.name for thing in requests[0].shot.objects)
    result = Result(folder, {}, {}, names, requests[0].frame.shrunk, requests[0].layers)
    for request in requests:
        (folder / request.view).mkdir(exist_ok=True)
        result.frames[request.view] = kept = {}
        result.files[request.view] = request.plates.files
        if before is None or before.files.get(request.view) != request.plates.files:
            continue
        for frame in state_of(request, before).right:
            if _link(before.path(request.view, frame), result.path(request.view, frame)):
                kept[frame] = before.frames[request.view][frame]
    return result


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(str(source), str(target))
    except OSError:
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            shutil.copyfile(str(source), str(partial))
            partial.replace(target)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            return False
    return True


def mark(record: str, script: str) -> None:
    """Note in a version's folder that a script was saved with it: such a version is kept until the script is gone."""
    path = Path(record).parent / _MARKS
    known = _marks(path)
    if Path(record).is_file() and script not in known:
        with suppress(OSError):
            path.write_text("\n".join([*known, script]) + "\n", encoding="utf-8")


def remove(base: Path, script: str, keep: int = 0, reading: Iterable[str] = ()) -> None:
    """Remove a node's versions, but those that other scripts on disk were saved with.

    Args:
        base: the node's cache folder.
        script: the open one; what only it was saved with is removed.
        keep: how many of the newest stay besides: an undo may come back to them.
        reading: records that nodes read now; they stay.
    """
    versions = sorted(base.glob("v[0-9][0-9][0-9][0-9]"))
    folders = {Path(record).parent for record in reading}
    for folder in versions[: max(0, len(versions) - keep)]:
        others = [one for one in _marks(folder / _MARKS) if one != script and Path(one).is_file()]
        if not others and folder not in folders:
            shutil.rmtree(str(folder), ignore_errors=True)


def _marks(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split("\n")[:-1]
    except (OSError, ValueError):
        return []


def size_of(base: Path) -> int:
    """Give the bytes of all versions; what several share counts once."""
    sizes: dict[object, int] = {}
    for path in base.rglob("*"):
        with suppress(OSError):
            found = path.stat()
            sizes[(found.st_dev, found.st_ino) if found.st_ino else path] = found.st_size
    return sum(sizes.values())
