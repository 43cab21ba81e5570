"""Prompted tracking of an evaluated clip: what a person would click, and the masks and mattes that follow."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.clips.truth import TrueClip
from engine.contract.errors import EngineError
from engine.contract.held import HeldMask
from engine.contract.shot import Box, MaskPrompt, Point, Prompt, Settings, Shot, ShotObject
from engine.evaluation.metrics import Codes
from engine.model.mam2 import MAM2
from engine.session.results import ObjectMatte
from engine.session.session import ShotSession

KINDS = ("point", "box", "mask", "masks")

_SEEN = 26  # alpha of 8 bits, about a tenth, from which a pixel is plainly the subject


def prompt_frame(alpha_thw: Codes) -> int:
    """Give the first frame on which the subject is plainly there; of a very faint one, where it is strongest.

    Raises:
        EngineError: `evaluate.empty`: no frame has any alpha.
    """
    strongest = alpha_thw.max(axis=(1, 2))
    if not strongest.any():
        raise EngineError(
            "evaluate.empty",
            "The true alpha of a clip is empty on every frame: there is nothing to ask for.",
            "Leave the clip out.",
        )
    seen = (strongest >= _SEEN).nonzero()[0]
    return int(seen[0] if len(seen) else strongest.argmax())


def click(alpha_hw: Codes) -> tuple[float, float]:
    """Give the deepest point of the subject's core: x, y of a pixel's centre, as far as can be from its edges.

    The core is where alpha exceeds half of its highest value; the image's border counts as an edge, and between equals
    the first in scan order is taken.

    Args:
        alpha_hw: (H, W) uint8, not empty.
    """
    core = (alpha_hw > alpha_hw.max() / 2).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(core, 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    row, column = divmod(int(depth.argmax()), alpha_hw.shape[1])
    return column + 0.5, row + 0.5


def outline(alpha_hw: Codes) -> NDArray[np.bool_]:
    """Give the mask that somebody would paint: all that plainly belongs to the subject, (H, W) bool.

    Args:
        alpha_hw: (H, W) uint8, not empty.
    """
    return np.asarray(alpha_hw >= min(_SEEN, max(1, int(alpha_hw.max()) // 2)))


def box(alpha_hw: Codes) -> tuple[int, int, int, int]:
    """Give the tight box of the outline: left, top, right, bottom, pixel corners."""
    mask = outline(alpha_hw)
    rows, columns = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def prompt_for(clip: TrueClip, kind: str) -> tuple[Prompt, NDArray[np.bool_] | None]:
    """Give the one prompt for a clip, and its mask where it is a mask.

    Args:
        clip: with its truth; a mask that the set publishes for its first frame is preferred to one of our making.
        kind: one of KINDS.

    Raises:
        EngineError: `evaluate.empty`, or `evaluate.prompt`: no such kind.
    """
    frame = prompt_frame(clip.alpha_thw)
    alpha_hw = clip.alpha_thw[frame]
    if kind == "point":
        return Point(frame, *click(alpha_hw)), None
    if kind == "box":
        return Box(frame, *box(alpha_hw)), None
    if kind == "mask":
        published = clip.first_mask_hw
        mask = outline(alpha_hw) if published is None or frame > 0 else published
        return MaskPrompt(frame, f"the true alpha of '{clip.name}'"), mask
    raise EngineError("evaluate.prompt", f"'{kind}' is no prompt.", f"Choose one of: {', '.join(KINDS)}.")


_NAME = "subject"


class ClipPlates:
    """A clip as a session's plates; frame numbers count from 0.

    Args:
        plates_thwc: (T, H, W, 3) uint8 sRGB.
    """

    def __init__(self, plates_thwc: NDArray[np.uint8]) -> None:
        self.plates = plates_thwc

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.plates.shape[2], self.plates.shape[1]

    def display(self, frame: int) -> NDArray[np.float32]:
        """Give one plate (H, W, 3) in 0..1."""
        plate: NDArray[np.float32] = np.divide(self.plates[frame], 255, dtype=np.float32)
        return plate


def track(
    model: MAM2,
    plates_thwc: NDArray[np.uint8],
    prompt: Prompt,
    *,
    mode: str,
    mask_hw: NDArray[np.bool_] | None = None,
) -> Iterator[tuple[int, ObjectMatte]]:
    """Matte a clip forward from its one prompt: (frame, matte) from the prompted frame on.

    Args:
        model: on its device.
        plates_thwc: (T, H, W, 3) uint8 sRGB.
        prompt: on any frame, counted from 0.
        mode: row of the paper's ablation.
        mask_hw: (H, W) bool: what a mask prompt stands for.
    """
    plates = ClipPlates(plates_thwc)
    settings = Settings(direction="forward", mode=mode)
    shot = Shot(0, len(plates_thwc) - 1, *plates.size, (ShotObject(_NAME, (prompt,)),), settings)
    read_mask = None if mask_hw is None else lambda _path, _size: mask_hw
    with ShotSession(model, shot, plates, read_mask=read_mask) as session:
        for mattes in session.track():
            yield mattes.frame, mattes.objects[_NAME]


def matte_masks(
    model: MAM2, plates_thwc: NDArray[np.uint8], masks_thw: NDArray[np.bool_]
) -> Iterator[tuple[int, ObjectMatte]]:
    """Matte a clip from masks (T, H, W) of its object, without tracking: (frame, matte) of every frame."""
    plates = ClipPlates(plates_thwc)
    shot = Shot(0, len(plates_thwc) - 1, *plates.size, (ShotObject(_NAME, (), (HeldMask("mask", "masks"),)),))
    with ShotSession(
        model, shot, plates, read_held=lambda _mask, frame, _size: masks_thw[frame].astype(np.float32)
    ) as session:
        for mattes in session.track():
            yield mattes.frame, mattes.objects[_NAME]
