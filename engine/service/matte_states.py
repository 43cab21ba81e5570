"""Which mattes in the store are right: their signatures against those that would be made now, and what is remembered.

Looking through a long shot's files takes longer than a page waits.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from engine.contract.shot import DIRECTIONS
from engine.media.mattes import LAYERS
from engine.service.declaration import Declaration
from engine.service.store import StoredShot
from engine.session.signature import signatures
from engine.weights.catalogue import find_files, weights_folder

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
