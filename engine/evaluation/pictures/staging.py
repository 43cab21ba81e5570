"""Layers for composites and clips: photographs behind, cut-outs, lifted objects and drawn subjects before them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.clips.drawn.motion import Bytes, Floats, Gait, Path, Point, Pose
from engine.clips.drawn.scene import FAMILIES
from engine.clips.drawn.subjects import Layer as Drawing
from engine.training.composition.layers import Grade, Layer, opaque, premultiplied, shrunk
from engine.training.composition.travel import Travel, View

DRAWN = ("hair", "net", "smoke", "fire", "glass", "bubbles")
"""Kinds of drawn subjects: what no free picture has with exact alpha."""
MOST_ENLARGED = 1.6
"""A picture is shown at most so many times its size: beyond, it is plainly softer than its surroundings."""

STILL = Gait(0, 0, 0, 0, 1)
_ROOM, _MUCH_ROOM = 1.2, 1.45  # of a picture beyond the plate, for a camera to move in
_TRIES, _COVERED = 5, 0.05  # of a drawn subject's canvas, or another is drawn


@dataclass(frozen=True)
class Stage(View):
    """A plate at its own size: unlike the square of training, nothing is stretched."""

    @classmethod
    def of(cls, width: int, height: int) -> "Stage":
        """Give the stage of a plate of this many pixels."""
        return cls(max(width, height), width / height)

    @property
    def plate_hw(self) -> tuple[int, int]:
        """Height and width of the plate in pixels."""
        return (
            (round(self.size / self.aspect), self.size)
            if self.aspect >= 1
            else (self.size, round(self.size * self.aspect))
        )

    def matrix(self) -> np.ndarray:
        """Give the identity (3, 3): the plate's pixels are what is shown."""
        return np.eye(3)

    def path(self, rng: np.random.Generator, start: Point, gait: Gait, frames: int) -> Path:
        """Lay out a path over the plate."""
        return Path(rng, start, gait, float(frames), upright=True)


def background(plate: Bytes, stage: Stage, path: Path, frames: int, rng: np.random.Generator) -> Layer:
    """Fill the stage with a photograph (H, W, 3) uint8 sRGB that a camera looks at."""
    return _filling(plate, np.empty((0, *plate.shape[:2]), np.uint8), stage, path, frames, rng, _ROOM)


def whole(
    plate: Bytes, mask_hw: NDArray[np.bool_], stage: Stage, gait: Gait, frames: int, rng: np.random.Generator
) -> Layer:
    """Look with a camera at a photograph (H, W, 3) uint8 sRGB, and at one object in it, which begins well in view."""
    height, width = mask_hw.shape
    unit, size = _unit(plate, stage, _MUCH_ROOM), np.array([width, height])
    rows, columns = mask_hw.nonzero()
    off = (np.array([columns.mean(), rows.mean()]) - size / 2) * unit / stage.plate_hw[::-1]
    most = 0.5 * (size * unit / stage.plate_hw[::-1] - 1) * 0.6
    x, y = (0.5 - np.clip(off, -most, most)).tolist()
    alpha = np.where(mask_hw, np.uint8(255), np.uint8(0))[None]
    return _filling(plate, alpha, stage, stage.path(rng, (x, y), gait, frames), frames, rng, _MUCH_ROOM)


def cutout(picture: Bytes, stage: Stage, path: Path, frames: int, rng: np.random.Generator, share: float) -> Layer:
    """Set a cut-out before the stage.

    Args:
        picture: (H, W, 4) uint8, straight sRGB and alpha.
        stage: the plate.
        path: of its middle.
        frames: of the clip.
        rng: source of its grade, and whether it is mirrored.
        share: its longer side, of the plate's shorter side.
    """
    rows, columns = ((picture[..., 3] > 8).any(axis).nonzero()[0] for axis in (1, 0))
    tight = np.ascontiguousarray(picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    height, width = tight.shape[:2]
    unit = min(share * min(stage.plate_hw) / max(height, width), MOST_ENLARGED)
    mirror = np.diag([rng.choice([-1.0, 1.0]), 1.0])
    travel = Travel((width / 2, height / 2), mirror, path, unit, stage)
    grade = Grade.draw(rng, 0.4)
    shown, move = shrunk(premultiplied(tight[..., :3], tight[..., 3], grade), travel, unit * 1.2)
    return Layer([shown] * frames, move, mirrors=False)


def lifted(plate: Bytes, mask_hw: NDArray[np.bool_]) -> Bytes:
    """Make a cut-out (H, W, 4) uint8 of a masked object; its edge is as soft as a photograph's."""
    soft = cv2.GaussianBlur(np.where(mask_hw, np.float32(255), np.float32(0)), (0, 0), 0.8)
    return np.dstack([plate, np.rint(soft).astype(np.uint8)])


def drawn(kind: str, seed: int, stage: Stage, path: Path, frames: int, behind: Floats, share: float) -> Layer:
    """Set a drawn subject before the stage; it moves in itself as well.

    Args:
        kind: one of `DRAWN`.
        seed: it is drawn from.
        stage: the plate.
        path: of its middle.
        frames: of the clip.
        behind: (3,) in 0..1, the colour of what it stands before.
        share: about its longer side, of the plate's shorter side.
    """
    for attempt in range(_TRIES):
        subject = FAMILIES[kind](seed + (attempt << 40), behind)
        unit = share * min(stage.plate_hw) / 2
        subject.prepare(unit, min(stage.plate_hw) / 256)
        side = int(np.ceil(2 * subject.reach * unit)) + 4
        pictures = [
            _drawing(subject.draw(Pose(0.5, 0.5, 0.0, 1.0), float(t), (side, side)), side) for t in range(frames)
        ]
        if (pictures[0][..., 3] > 0.1).mean() >= _COVERED:
            break
    return Layer(pictures, Travel((side / 2, side / 2), np.eye(2), path, 1.0, stage), mirrors=False)


def mean_colour(plate: Bytes) -> Floats:
    """Give the colour (3,) in 0..1 that a photograph has on the whole."""
    return np.asarray(plate.reshape(-1, 3).mean(0) / 255, np.float32)


def fits(size_wh: Sequence[int], stage: Stage) -> bool:
    """Tell whether a picture of this size fills the stage without being enlarged too much."""
    height, width = stage.plate_hw
    return max(width / size_wh[0], height / size_wh[1]) <= MOST_ENLARGED / _ROOM


def _filling(
    plate: Bytes, alpha_nhw: Bytes, stage: Stage, path: Path, frames: int, rng: np.random.Generator, room: float
) -> Layer:
    height, width = plate.shape[:2]
    unit = _unit(plate, stage, room)
    travel = Travel((width / 2, height / 2), np.eye(2), path, unit, stage)
    picture, move = shrunk(opaque(plate, alpha_nhw, Grade.draw(rng, 0.3)), travel, unit)
    return Layer([picture] * frames, move, mirrors=True)


def _unit(plate: Bytes, stage: Stage, room: float) -> float:
    return float(room * max(there / here for there, here in zip(stage.plate_hw, plate.shape[:2], strict=True)))


def _drawing(layer: Drawing | None, side: int) -> Floats:
    picture = np.zeros((side, side, 4), np.float32)
    if layer is not None:
        height, width = layer.alpha_hw.shape
        window = picture[layer.y : layer.y + height, layer.x : layer.x + width]
        window[..., 3] = layer.alpha_hw
        window[..., :3] = layer.colour_hwc * layer.alpha_hw[..., None]
    return picture
