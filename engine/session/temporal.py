"""Smoothing of alpha over time: what flickers where the plate does not is averaged along the plate's own motion.

The frames before and behind are moved onto a frame by the optical flow (DIS, Kroeger et al. 2016) between the plates.
Where the moved plate agrees, the frame's alpha goes towards theirs by their mean difference over some pixels around:
strands and edges, which flow hardly hits, keep their own shape, and only the level around them is steadied. What is 0
or 1 stays so. Nothing but these three frames counts, so that a shot may be matted in chunks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.contract.finesse import Finesse
from engine.session.held import Held
from engine.session.matting import finished
from engine.session.results import FrameMattes, Layer

Guide = NDArray[np.uint8]
"""A plate's luma (h, w), small: what motion is found in."""

_SIDE = 960
"""Longest side of a guide: motion is smooth, and finding it at full size takes seconds."""
_LEAST = 32
"""Shortest side in which motion can be found."""
_AGREE = 0.04
"""Difference of luma, 0..1, at which plates stop to agree."""
_FLICKER = 0.3
"""Difference of alpha that is more than flicker: a change that the plate does not show, but that may well be meant."""
_AROUND = 9
"""Side of the square over which alphas are compared, in pixels of the plate."""
_SHARE = 0.5
"""Weight of a neighbour that agrees; the frame's own is 1: the binomial 1, 2, 1."""


@dataclass(frozen=True)
class Unfinished:
    """A frame as the matting model left it: its mattes are not refined, held or shared yet.

    Attributes:
        mattes: with the model's alphas.
        guide: of its plate.
        held: what its objects are held to.
    """

    mattes: FrameMattes
    guide: Guide
    held: Mapping[str, Held]

    @property
    def frame(self) -> int:
        """Its number."""
        return self.mattes.frame


def guide_of(plate_13hw: Tensor) -> Guide:
    """Give the guide of a plate (1, 3, H, W) of 0..1."""
    luma = (plate_13hw * plate_13hw.new_tensor([0.2126, 0.7152, 0.0722])[:, None, None]).sum(1, keepdim=True)
    height, width = luma.shape[-2:]
    scale = _SIDE / max(height, width)
    if scale < 1:
        luma = F.interpolate(luma, size=(max(1, round(height * scale)), max(1, round(width * scale))), mode="area")
    guide: Guide = (luma[0, 0].clamp(0, 1) * 255).round().byte().cpu().numpy()
    return guide


def smoothed(own: Unfinished, beside: Sequence[Unfinished]) -> dict[str, Layer]:
    """Give the alphas (H, W) of a frame's objects, steadied by those beside it."""
    ways = [_Way.between(own.guide, other.guide) for other in beside]
    alphas = {}
    for name, matte in own.mattes.objects.items():
        alpha = matte.alpha_hw
        soft = np.minimum(6 * alpha * (1 - alpha), 1, dtype=np.float32)
        some = _mean(soft) + np.float32(1e-4)
        change, weight = np.zeros_like(alpha), np.ones_like(alpha)
        for way, other in zip(ways, beside, strict=True):
            if name in other.mattes.objects:
                moved, agrees = way.moved(other.mattes.objects[name].alpha_hw)
                apart = _mean(soft * (moved - alpha)) / some
                agrees = agrees * np.exp(-np.square(apart / _FLICKER))
                change += agrees * apart
                weight += agrees
        alphas[name] = np.clip(alpha + soft * change / weight, 0, 1)
    return alphas


@dataclass(frozen=True)
class _Way:
    """The motion from one plate to another, at the guides' size.

    Attributes:
        flow_hw2: pixels across and down.
        agrees_hw: how far the other plate, moved, is this one, 0.._SHARE.
    """

    flow_hw2: NDArray[np.float32]
    agrees_hw: NDArray[np.float32]

    @classmethod
    def between(cls, own: Guide, other: Guide) -> "_Way":
        """Find it."""
        flow = np.zeros((*own.shape, 2), np.float32)
        if min(own.shape) >= _LEAST:
            finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
            finder.setUseSpatialPropagation(False)  # with it, motion depends on how many threads look for it
            flow = finder.calc(own, other, flow)
        there = _look_up(other.astype(np.float32), flow)
        apart = cv2.blur(np.abs(there - own), (5, 5)) / 255
        return cls(flow, _SHARE * np.exp(-np.square(apart / _AGREE), dtype=np.float32))

    def moved(self, alpha_hw: Layer) -> tuple[Layer, Layer]:
        """Give the other frame's alpha (H, W) where it is on this frame, and what it weighs there."""
        height, width = alpha_hw.shape
        if self.flow_hw2.shape[:2] == (height, width):
            return _look_up(alpha_hw, self.flow_hw2), self.agrees_hw
        scale = np.array([width / self.flow_hw2.shape[1], height / self.flow_hw2.shape[0]], np.float32)
        flow = cv2.resize(self.flow_hw2, (width, height)) * scale
        return _look_up(alpha_hw, flow), np.asarray(cv2.resize(self.agrees_hw, (width, height)), np.float32)


def _mean(image_hw: Layer) -> Layer:
    return np.asarray(cv2.blur(image_hw, (_AROUND, _AROUND)), np.float32)


def _look_up(image_hw: Layer, flow_hw2: NDArray[np.float32]) -> Layer:
    y, x = np.indices(image_hw.shape, np.float32)
    across, down = x + flow_hw2[..., 0], y + flow_hw2[..., 1]
    found = cv2.remap(image_hw, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)


def steadied(made: Iterable[Unfinished], window: "Window", finesse: Finesse) -> Iterator[FrameMattes]:
    """Smooth frames over time and finish them, each as soon as those beside it are made."""

    def finish(one: Unfinished) -> FrameMattes:
        alphas = finished(smoothed(one, window.beside(one.frame)), one.held, finesse)
        mattes = {name: replace(one.mattes.objects[name], alpha_hw=alpha) for name, alpha in alphas.items()}
        return FrameMattes(one.frame, mattes)

    for one in made:
        for ready in window.given(one):
            yield finish(ready)
    for ready in window.rest():
        yield finish(ready)


class Window:
    """Holds frames back until those beside them are there.

    Args:
        beside: gives the frames beside a frame.
        again: makes a frame that has been passed over, or let go.
        passed: frames that will not come.
        wanted: frames that are to be given; `skipping` adds to them.

    Attributes:
        asked: frames that are wanted and have not been given.
    """

    def __init__(
        self,
        beside: Callable[[int], Sequence[int]],
        again: Callable[[int], Unfinished],
        *,
        passed: Iterable[int] = (),
        wanted: Iterable[int] = (),
    ) -> None:
        self._beside, self._again, self._passed = beside, again, set(passed)
        self._there: dict[int, Unfinished] = {}
        self.asked = set(wanted)

    def skipping(self, skip: Callable[[int], bool]) -> Callable[[int], bool]:
        """Give the test of which frames need not be made: those that `skip` tells of, but for neighbours of others."""

        def near(frame: int) -> bool:
            if not skip(frame):
                self.asked.add(frame)
                return False
            if self.asked & {frame - 1, frame + 1}:
                return False
            self._passed.add(frame)
            return True

        return near

    def given(self, one: Unfinished) -> Iterator[Unfinished]:
        """Take in a frame, and give those that can be finished; each is noted as given when the next is asked for."""
        self._there[one.frame] = one
        yield from self._ready(wait=True)

    def rest(self) -> Iterator[Unfinished]:
        """Give the frames that are left, when no more will come."""
        yield from self._ready(wait=False)

    def beside(self, frame: int) -> list[Unfinished]:
        """Give the frames beside a frame."""
        return [self._there.get(near) or self._again(near) for near in self._beside(frame)]

    def _ready(self, *, wait: bool) -> Iterator[Unfinished]:
        for frame in [frame for frame in self._there if frame in self.asked]:
            near = self._beside(frame)
            if not wait or all(one in self._there or one in self._passed for one in near):
                yield self._there[frame]
                self.asked.discard(frame)
        for frame in list(self._there)[:-1]:  # of the latest the next one has need
            if not self.asked & {frame - 1, frame, frame + 1}:
                self._passed.add(frame)
                del self._there[frame]
