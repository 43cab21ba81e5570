"""A clip in memory, matted from one prompt or from a mask a frame through a session, as a host would have it matted."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.contract.held import HeldMask
from engine.contract.shot import Prompt, Settings, Shot, ShotObject
from engine.model.mam2 import MAM2
from engine.session.results import ObjectMatte
from engine.session.session import ShotSession

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
