"""Which mattes in the store are still right: their signatures against those that would be made now."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from engine.contract.shot import DIRECTIONS
from engine.media.matte_files import read_signature
from engine.media.mattes import LAYERS
from engine.service.declaration import Declaration
from engine.service.store import StoredShot
from engine.session.signature import signatures
from engine.weights.catalogue import find_files, weights_folder

_ABSENT = "no plate"


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
    known = {} if digests is None else digests
    wanted = None if among is None else set(among)
    frames = frozenset(frame for frame in stored.mattes() if wanted is None or frame in wanted)
    if not declaration.objects or not frames:
        return frozenset(), frames

    def fingerprint(frame: int) -> str:
        if frame not in known:
            plate = stored.plate(frame)
            known[frame] = _ABSENT if plate is None else stored.digests.of(frame, plate)
        return known[frame]

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
    return signatures(shot, fingerprint, shot.settings.colourspace or "", LAYERS, files.paths)
