"""What a session gives back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class ObjectMatte:
    """One object on one frame, at the plate's size, origin top-left, float32.

    Attributes:
        alpha_hw: (H, W) 0..1, linear coverage; the alphas of a frame's objects sum to at most 1.
        trimap_hw: (H, W) 0 background, 0.5 unknown, 1 foreground.
        mask_hw: (H, W) 0..1, the tracker's certainty that a pixel is the object.
    """

    alpha_hw: npt.NDArray[np.float32]
    trimap_hw: npt.NDArray[np.float32]
    mask_hw: npt.NDArray[np.float32]


@dataclass(frozen=True)
class ObjectTrimap:
    """What the tracker says of one object on one frame: `trimap_hw` and `mask_hw` as in `ObjectMatte`."""

    trimap_hw: npt.NDArray[np.float32]
    mask_hw: npt.NDArray[np.float32]


@dataclass(frozen=True)
class FrameTrimaps:
    """The trimaps of one frame: by name, the objects that tracking reaches there, in the shot's order."""

    frame: int
    objects: Mapping[str, ObjectTrimap]


@dataclass(frozen=True)
class FrameMattes:
    """The mattes of one frame: by name, the objects that tracking reaches there, in the shot's order."""

    frame: int
    objects: Mapping[str, ObjectMatte]

    def complete(self, names: Iterable[str], width: int, height: int) -> dict[str, ObjectMatte]:
        """Give a matte for each of these objects: an empty one where tracking does not reach it."""
        nothing = np.zeros((height, width), np.float32)
        return {name: self.objects.get(name) or ObjectMatte(nothing, nothing, nothing) for name in names}
