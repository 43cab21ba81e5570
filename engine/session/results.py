"""What a session gives back: mattes, and how sure the tracker is of each object on each frame."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
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


SURE = 0.62  # mean certainty inside a mask: the starter has about 0.8 on what it holds, and 0.5 is no more than a guess
LEAK = 0.5  # share of the plate that a mask of a smaller object does not come to by itself
_GROWTH = 4.0
_RUN = 3  # doubtful frames in a row that are more than a blink
_STEP = 4  # pixels between those looked at: a mean needs no more


@dataclass(frozen=True)
class Presence:
    """What a mask says of its object.

    Attributes:
        certainty: mean of the mask where it is above 0.5, which is 0.5..1; 0 where it is nowhere.
        share: of the plate that it covers, 0..1.
    """

    certainty: float
    share: float

    @classmethod
    def of(cls, mask_hw: Layer) -> "Presence":
        """Look at a mask (H, W) of 0..1."""
        seen = mask_hw[::_STEP, ::_STEP]
        inside = seen > np.float32(0.5)
        count = int(inside.sum())
        return cls(round(float(seen[inside].mean()), 4) if count else 0.0, round(count / inside.size, 5))

    def doubtful(self, usual_share: float) -> bool:
        """Tell whether the object may not be there, or the mask has leaked over most of the plate."""
        return self.certainty < SURE or self.share > max(LEAK, _GROWTH * usual_share)


class Watched:
    """A matte to be written whose presence is noted on the way, since its mask is made then and not kept.

    Attributes:
        matte: what is to be written.
        presence: None until its mask was asked for.
    """

    def __init__(self, matte: ObjectMatte) -> None:
        self._make_mask = matte.make_mask
        self.matte = replace(matte, make_mask=self._noted)
        self.presence: Presence | None = None

    def _noted(self) -> Layer:
        mask = self._make_mask()
        self.presence = Presence.of(mask)
        return mask


def doubtful_frames(found: Mapping[int, Presence], prompted: Iterable[int]) -> list[int]:
    """Give the frames of one object, ascending, on which it may be lost; a prompted frame is never doubted.

    Args:
        found: by frame.
        prompted: frames on which the artist has said where it is; what it covers there is usual.
    """
    said = set(prompted)
    shares = [found[frame].share for frame in said if frame in found] or [one.share for one in found.values()]
    usual = float(np.median(shares)) if shares else 0.0
    return [frame for frame in sorted(found) if frame not in said and found[frame].doubtful(usual)]


def lost_from(found: Mapping[int, Presence], prompted: Iterable[int]) -> int | None:
    """Give the frame from which on one object may be lost: the first of several doubtful in a row; None where none is.

    Fewer count where they are the shot's last.
    """
    frames, doubtful = sorted(found), set(doubtful_frames(found, prompted))
    run: list[int] = []
    for frame in frames:
        run = [*run, frame] if frame in doubtful else []
        if len(run) >= _RUN:
            return run[0]
    return run[0] if run else None
