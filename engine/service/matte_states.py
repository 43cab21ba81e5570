"""What is known of mattes in the store: which are right, and how sure the tracker was of each object on each frame.

One line a frame in the shot's folder; the last of a frame counts, and one that was cut off did not happen.

Looking through a long shot's files takes longer than a page waits.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.contract.shot import DIRECTIONS, ShotObject
from engine.media.mattes import LAYERS
from engine.service.declaration import Declaration
from engine.service.store import StoredShot
from engine.session.results import Presence, doubtful_frames, lost_from
from engine.session.signature import signatures
from engine.weights.catalogue import find_files, weights_folder

_FILE = "presence.jsonl"

ByFrame = dict[int, Presence]


def note_presence(stored: StoredShot, frame: int, found: dict[str, Presence]) -> None:
    """Add a frame; where there is no room for it, nobody will know how sure the tracker was."""
    rows = {name: [one.certainty, one.share] for name, one in found.items()}
    with suppress(OSError), _path(stored).open("a", encoding="utf-8") as file:
        file.write(json.dumps([frame, rows]) + "\n")


def read_presence(stored: StoredShot) -> dict[str, ByFrame]:
    """Give what is known, by object and frame."""
    known: dict[str, ByFrame] = {}
    try:
        text = _path(stored).read_text(encoding="utf-8")
    except OSError:
        return known
    for line in text.splitlines():
        with suppress(ValueError, TypeError, AttributeError):
            frame, rows = json.loads(line)
            for name, (certainty, share) in rows.items():
                known.setdefault(name, {})[int(frame)] = Presence(certainty, share)
    return known


def doubts(
    stored: StoredShot, objects: tuple[ShotObject, ...], frames: list[int]
) -> tuple[dict[int, float], list[int], dict[str, int]]:
    """Say how sure the tracker was.

    Args:
        stored: the shot.
        objects: that are declared now.
        frames: that have mattes.

    Returns:
        The least certainty of any object by frame, 0..1; the frames on which one may be lost, ascending; and by the
        name of such an object, the frame from which on it may be.
    """
    known, there = read_presence(stored), set(frames)
    confidence: dict[int, float] = {}
    doubtful: set[int] = set()
    lost: dict[str, int] = {}
    for thing in (one for one in objects if not one.masks):
        found = {frame: one for frame, one in known.get(thing.name, {}).items() if frame in there}
        prompted = {prompt.frame for prompt in thing.prompts}
        for frame, one in found.items():
            confidence[frame] = min(one.certainty, confidence.get(frame, 1.0))
        doubtful.update(doubtful_frames(found, prompted))
        first = lost_from(found, prompted)
        if first is not None:
            lost[thing.name] = first
    return dict(sorted(confidence.items())), sorted(doubtful), lost


def _path(stored: StoredShot) -> Path:
    return stored.folder / _FILE


_ABSENT = "no plate"


@dataclass(frozen=True)
class _Known:
    """What is known of a shot's mattes.

    Attributes:
        right: frames whose mattes are right.
        stale: frames whose mattes no longer fit.
        unread: frames whose mattes are new, so that nobody has looked at them; None: nobody has looked at any.
        digests: hashes of the plates, which every matte tracked after them is signed with.
    """

    right: frozenset[int] = frozenset()
    stale: frozenset[int] = frozenset()
    unread: frozenset[int] | None = None
    digests: dict[int, str] = field(default_factory=dict)


class MatteStates:
    """What is known of each shot's mattes; every change goes through the engine, which tells it."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def of(self, stored: StoredShot) -> tuple[list[int], list[int]]:
        """Give the frames whose mattes are right, and those whose mattes are stale, each ascending."""
        known = self._known.setdefault(stored.name, _Known())
        if known.unread is None or known.unread:
            right, stale = right_frames(stored, stored.declaration(), known.unread, known.digests)
            looked = _Known(known.right - stale | right, known.stale - right | stale, frozenset(), known.digests)
            # Looked at in a thread of its own: if something has changed meanwhile, it may be old news already.
            if self._known.get(stored.name) is known:
                self._known[stored.name] = looked
            known = looked
        return sorted(known.right), sorted(known.stale)

    def made(self, name: str, frame: int) -> None:
        """Note that a frame's mattes have been made; they may be of a plate or prompts that were replaced meanwhile."""
        known = self._known.get(name)
        if known is not None and known.unread is not None:
            self._known[name] = replace(known, unread=known.unread | {frame})
        else:
            self.changed(name)

    def changed(self, name: str) -> None:
        """Note that a shot's plates, prompts or settings have changed."""
        self._known[name] = _Known()

    def forget(self, name: str) -> None:
        """Note that a shot is gone."""
        self._known.pop(name, None)


def right_frames(
    stored: StoredShot,
    declaration: Declaration,
    among: Iterable[int] | None = None,
    digests: dict[int, str] | None = None,
) -> tuple[frozenset[int], frozenset[int]]:
    """Give the frames whose mattes are right, and those whose mattes are stale.

    A matte is right when some direction of tracking would make it as it is.

    Args:
        stored: the shot.
        declaration: what the mattes should be of.
        among: the frames to look at; None: all.
        digests: hashes of the shot's plates, kept by the caller until a plate changes; those missing are added.
    """
    of_plates = {} if digests is None else digests
    wanted = None if among is None else set(among)
    frames = frozenset(frame for frame in stored.mattes() if wanted is None or frame in wanted)
    if not declaration.objects or not frames:
        return frozenset(), frames
    from engine.media.matte_files import read_signature  # noqa: PLC0415 - loads the image libraries

    def fingerprint(frame: int) -> str:
        if frame not in of_plates:
            plate = stored.plate(frame)
            of_plates[frame] = _ABSENT if plate is None else stored.digests.of(frame, plate)
        return of_plates[frame]

    signs = [signer(declaration, direction, fingerprint) for direction in DIRECTIONS]
    right = set()
    for frame in frames:
        with suppress(OSError):  # a plate, or the file of a mask, that cannot be read makes nothing right
            signature = read_signature(stored.matte(frame), trust=True)
            if signature in {sign(frame) for sign in signs}:
                right.add(frame)
    return frozenset(right), frames - right


def signer(declaration: Declaration, direction: str | None, fingerprint: Callable[[int], str]) -> Callable[[int], str]:
    """Give the function from frame to the signature of its mattes.

    Args:
        declaration: what is tracked.
        direction: which way; None: as declared.
        fingerprint: gives the hash of a frame's plate.

    Raises:
        ModelError: the model's weights are not here.
        ShotError, PromptError: the declaration does not hold together.
    """
    shot = declaration.shot(direction)
    files = find_files(declaration.model, weights_folder())
    layers = (*LAYERS, *declaration.layers)
    return signatures(shot, fingerprint, shot.settings.colourspace or "", layers, files.paths)
