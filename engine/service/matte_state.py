"""Which mattes in the store are still right: their signatures against those that would be made now."""

from collections.abc import Callable

from engine.contract.shot import DIRECTIONS
from engine.media.matte_files import read_signature
from engine.media.mattes import LAYERS
from engine.model.catalogue import find_files, weights_folder
from engine.service.declaration import Declaration
from engine.service.store import StoredShot
from engine.session.signature import signatures

_ABSENT = "no plate"


def right_frames(stored: StoredShot, declaration: Declaration) -> tuple[list[int], list[int]]:
    """Give the frames whose mattes are right, and those whose mattes are stale, each ascending.

    A matte is right when some direction of tracking would make it as it is.
    """
    frames = list(stored.mattes())
    if not declaration.objects:
        return [], frames
    signs = [signer(stored, declaration, direction) for direction in DIRECTIONS]
    right = {
        frame for frame in frames if read_signature(stored.matte(frame), trust=True) in {sign(frame) for sign in signs}
    }
    return sorted(right), sorted(set(frames) - right)


def signer(stored: StoredShot, declaration: Declaration, direction: str | None) -> Callable[[int], str]:
    """Give the function from frame to the signature that its mattes would get now.

    Raises:
        ModelError: the model's weights are not here.
        ShotError, PromptError: the declaration does not hold together.
    """
    shot = declaration.shot(direction)
    files = find_files(declaration.model, weights_folder())

    def fingerprint(frame: int) -> str:
        plate = stored.plate(frame)
        return _ABSENT if plate is None else stored.digests.of(frame, plate)

    return signatures(shot, fingerprint, shot.settings.colourspace or "", LAYERS, (files.tracker, files.matter))
