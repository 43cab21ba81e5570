"""Footage and models of the benchmarks of size: a drawn clip at any size, and models that need no download."""

from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt
import torch
from lively import see_always

from engine.model.checkpoints import load_model
from engine.model.config import CONFIGS
from engine.model.inference import optimise, optimise_matter
from engine.model.mam2 import MAM2
from engine.model.matter import Matter
from engine.model.matter_config import MEMATTE_S
from engine.training.procedural import UNSEEN_SEED, Clip, make_clip

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

    def _enlarged(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.asarray(cv2.resize(picture, self.size, interpolation=cv2.INTER_LINEAR), np.uint8)


def ready_model(name: str) -> MAM2:
    """Give a model ready to matte, without a download.

    Args:
        name: `starter`, as shipped; `starter+mematte-s`, the shipped tracker with a seeded MEMatte-S behind it, so that
            a matter of full size meets trimaps as they are; or a key of `CONFIGS`, seeded, whose masks mean nothing.
    """
    if name == "starter":
        return load_model(name)
    torch.manual_seed(0)
    if name == "starter+mematte-s":
        model = load_model("starter")
        model.matter = Matter(MEMATTE_S).requires_grad_(False).eval()
        optimise_matter(model.matter)
        return model
    model = MAM2(CONFIGS[name]).requires_grad_(False).eval()
    see_always(model)
    optimise(model)
    return model
