"""Layers in linear light: premultiplied colour and alphas that travel, blur as they move, and lie over one another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engine.clips.drawn.colour import Bytes, Floats
from engine.clips.drawn.motion import Matrix
from engine.training.composition.light import Grade

MOST_SUB_FRAMES = 8
_STEP = 1.0  # pixels of travel that one sub-frame may cover

Move = Callable[[float], Matrix]
"""From a picture's pixels to the output's, (2, 3), at a time in frames. Whole numbers are pixel corners."""


@dataclass(frozen=True)
class Layer:
    """A picture a frame, and how it travels.

    Attributes:
        pictures: (H, W, 3 + N) float32 for each frame: linear RGB, and N alphas in 0..1. A still is the same array.
        move: how it travels.
        mirrors: beyond its edges it goes on as in a mirror; otherwise there is nothing.
    """

    pictures: Sequence[Floats]
    move: Move
    mirrors: bool

    def render(self, frame: int, shutter: float, size: int) -> Floats:
        """Give one frame, (size, size, 3 + N) float32.

        Averaging premultiplied sub-frames gives the exact alpha of what moves while the shutter is open.

        Args:
            frame: which.
            shutter: share of a frame's time that it is open, 0 for none.
            size: of the output in pixels.
        """
        picture = self.pictures[frame]
        times = self._times(frame, shutter, picture.shape[:2])
        return np.asarray(sum(self._warp(picture, self.move(time), size) for time in times) / np.float32(len(times)))

    def _times(self, frame: int, shutter: float, size_hw: tuple[int, ...]) -> list[float]:
        corners = np.array([[0, 0, 1], [size_hw[1], 0, 1], [0, size_hw[0], 1], [size_hw[1], size_hw[0], 1]], float).T
        opened, closed = (self.move(frame + side * shutter / 2) @ corners for side in (-1, 1))
        travel = np.hypot(*(closed - opened)).max()
        count = int(np.clip(np.ceil(travel / _STEP), 1, MOST_SUB_FRAMES))
        return [frame + shutter * ((part + 0.5) / count - 0.5) for part in range(count)]

    def _warp(self, picture: Floats, matrix: Matrix, size: int) -> Floats:
        # OpenCV counts from pixel centres.
        centred = matrix.copy()
        centred[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
        border = cv2.BORDER_REFLECT_101 if self.mirrors else cv2.BORDER_CONSTANT

        def warp(planes: Floats) -> Floats:
            return cv2.warpAffine(planes, centred, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)

        return _by_planes(warp, picture)


def premultiplied(plate: Bytes, alpha_hw: Bytes, grade: Grade) -> Floats:
    """Give (H, W, 4) float32, premultiplied linear RGB and alpha in 0..1, of a foreground."""
    picture = np.empty((*alpha_hw.shape, 4), np.float32)
    picture[..., 3] = alpha_hw * np.float32(1 / 255)
    np.multiply(grade.apply(plate), picture[..., 3:], out=picture[..., :3])
    return picture


def opaque(plate: Bytes, alpha_nhw: Bytes, grade: Grade) -> Floats:
    """Give (H, W, 3 + N) float32, linear RGB and N alphas in 0..1, of a whole picture."""
    return np.dstack([grade.apply(plate), *(alpha * np.float32(1 / 255) for alpha in alpha_nhw)])


def shrunk(picture: Floats, move: Move, scale: float) -> tuple[Floats, Move]:
    """Make a picture smaller by averaging, where it will be shown smaller: sampling it as it is would miss pixels.

    Args:
        picture: (H, W, C) float32.
        move: of the picture.
        scale: of the output to the picture; 1 and more changes nothing.

    Returns:
        The smaller picture and the move that fits it.
    """
    height, width = picture.shape[:2]
    to_w, to_h = (max(1, round(side * min(1.0, scale))) for side in (width, height))
    if (to_w, to_h) == (width, height):
        return picture, move
    small = _by_planes(lambda planes: cv2.resize(planes, (to_w, to_h), interpolation=cv2.INTER_AREA), picture)
    return small, Stretched(move, width / to_w, height / to_h)


@dataclass(frozen=True)
class Stretched:
    """A move of a picture that was made smaller by a factor in x and in y."""

    move: Move
    x: float
    y: float

    def __call__(self, time: float) -> Matrix:
        """Give the matrix at a time in frames."""
        matrix = self.move(time).copy()
        matrix[:, 0] *= self.x
        matrix[:, 1] *= self.y
        return matrix


def _by_planes(operate: Callable[[Floats], Floats], picture_hwc: Floats) -> Floats:
    """Apply what OpenCV does to four channels at most to any number of them."""
    if picture_hwc.shape[2] <= 4:
        return operate(picture_hwc)
    parts = range(0, picture_hwc.shape[2], 4)
    return np.dstack([operate(np.ascontiguousarray(picture_hwc[..., part : part + 4])) for part in parts])


def over(front_hw4: Floats, back_hwc: Floats) -> Floats:
    """Lay premultiplied RGBA over colour and alphas (H, W, 3 + N): all that is behind is seen through 1 - alpha."""
    return np.dstack([front_hw4[..., :3], np.zeros_like(back_hwc[..., 3:])]) + back_hwc * (1 - front_hw4[..., 3:4])


def merged(front_hw4: Floats, back_hw4: Floats) -> Floats:
    """Make one foreground of two, both premultiplied RGBA: its alpha is 1 - (1 - a)(1 - b)."""
    return front_hw4 + back_hw4 * (1 - front_hw4[..., 3:4])
