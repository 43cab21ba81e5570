"""What a session gives back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Layer: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ObjectMatte:
    """One object on one frame, at the plate's size, origin top-left, float32.

    Trimap and mask are made whenever they are asked for and kept by whoever asks, so that mattes that wait to be
    written, or are written layer by layer, hold little more than their alphas.

    Attributes:
        alpha_hw: (H, W) 0..1, linear coverage; the alphas of a frame's objects sum to at most 1.
        make_trimap, make_mask: make the other two.
    """

    alpha_hw: Layer
    make_trimap: Callable[[], Layer] = field(repr=False)
    make_mask: Callable[[], Layer] = field(repr=False)

    @property
    def trimap_hw(self) -> Layer:
        """(H, W) 0 background, 0.5 unknown, 1 foreground."""
        return self.make_trimap()

    @property
    def mask_hw(self) -> Layer:
        """(H, W) 0..1, the tracker's certainty that a pixel is the object."""
        return self.make_mask()


@dataclass(frozen=True)
class ObjectTrimap:
    """What the tracker says of one object on one frame: `trimap_hw` and `mask_hw` as in `ObjectMatte`."""

    trimap_hw: Layer
    mask_hw: Layer


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
        empty = ObjectMatte(nothing, lambda: nothing, lambda: nothing)
        return {name: self.objects.get(name, empty) for name in names}
