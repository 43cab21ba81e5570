"""Footage of the benchmarks: a drawn clip at any size."""

from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from engine.clips.drawn import UNSEEN_SEED, Clip, make_clip

SUBJECTS = {"ordinary": ("hair", UNSEEN_SEED), "worst": ("smoke", UNSEEN_SEED + 3)}
"""Kind and seed of the drawn clips: of 40 seeds, hair of the usual extent, and the smoke that fills most."""

_DRAWN_WIDTH = 448  # clips are drawn no wider, and enlarged: the share of the plate that is unknown stays the same


class DrawnClip:
    """Plates 1 to `frames` of a drawn clip, (H, W, 3) display-referred sRGB in 0..1, enlarged to the size asked for."""

    def __init__(self, kind: str, frames: int, width: int, height: int, seed: int = UNSEEN_SEED) -> None:
        self.size = (width, height)
        self._scale = max(1.0, width / _DRAWN_WIDTH)
        self._kind, self._frames, self._seed = kind, frames, seed

    @cached_property
    def _clip(self) -> Clip:
        width, height = self.size
        small_hw = (round(height / self._scale), round(width / self._scale))
        return make_clip(self._seed, kind=self._kind, frames=self._frames, size_hw=small_hw)

    @property
    def click_xy(self) -> tuple[float, float]:
        """A point well inside the subject on frame 1, in pixels of the plate."""
        x, y = self._clip.click_xy
        return x * self._scale, y * self._scale

    def display(self, frame: int) -> npt.NDArray[np.float32]:
        """Give one plate."""
        plate_hwc = self._enlarged(self._clip.plates_thwc[frame - 1]).astype(np.float32)
        plate_hwc /= 255
        return plate_hwc

    def alpha(self, frame: int) -> npt.NDArray[np.float32]:
        """Give the exact alpha (H, W) 0..1 of one plate."""
        return self._enlarged(self._clip.alpha_thw[frame - 1]).astype(np.float32) / 255

    @property
    def alphas_thw(self) -> npt.NDArray[np.float32]:
        """The exact alpha (T, h, w) 0..1 of all plates, at the size that they were drawn at."""
        return self._clip.alpha_thw.astype(np.float32) / 255

    def _enlarged(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.asarray(cv2.resize(picture, self.size, interpolation=cv2.INTER_LINEAR), np.uint8)
