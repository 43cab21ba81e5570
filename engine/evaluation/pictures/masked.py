"""Masked pictures: photographs whose objects somebody has outlined."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import PlateError
from engine.datasets.pictures import read_picture
from engine.training.pictures.pack import Picture

LEAST = 0.004
"""Share of the picture under which an object is left out: it is a few pixels of the model's square."""
SALIENT, LEAD = 0.05, 3.0
"""One object is salient where it covers this much, and this many times as much as any other."""

_IGNORED = 255

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class MaskedPicture:
    """A picture and its objects.

    Attributes:
        name: of its file.
        plate_hwc: (H, W, 3) uint8 sRGB.
        instances_hw: (H, W) uint8: 0 nothing, 255 to be ignored, each other value an object.
    """

    name: str
    plate_hwc: NDArray[np.uint8]
    instances_hw: NDArray[np.uint8]

    @cached_property
    def shares(self) -> dict[int, float]:
        """What each object covers of the picture."""
        values, counts = np.unique(self.instances_hw, return_counts=True)
        found = zip(values.tolist(), counts.tolist(), strict=True)
        return {value: count / self.instances_hw.size for value, count in found if value not in (0, _IGNORED)}

    @property
    def objects(self) -> tuple[int, ...]:
        """The objects that are large enough to be asked for."""
        return tuple(value for value, share in self.shares.items() if share >= LEAST)

    @property
    def salient(self) -> int | None:
        """The one object that catches the eye, if there is one."""
        ranked = sorted(self.shares, key=self.shares.__getitem__, reverse=True)
        if not ranked or self.shares[ranked[0]] < SALIENT:
            return None
        others = [self.shares[value] for value in ranked[1:2]]
        return ranked[0] if all(LEAD * share <= self.shares[ranked[0]] for share in others) else None

    @property
    def counted_hw(self) -> Mask:
        """The pixels that count, (H, W) bool."""
        return np.asarray(self.instances_hw != _IGNORED)

    def mask(self, value: int) -> Mask:
        """Give an object's mask, (H, W) bool."""
        return np.asarray(self.instances_hw == value)


def read_masked(picture: Picture) -> MaskedPicture:
    """Read a masked picture.

    Raises:
        PlateError: `data.unreadable`, `data.size`.
    """
    plate, instances = read_picture(picture.path), read_picture(picture.instances)
    if plate.ndim == 2:
        plate = np.repeat(plate[..., None], 3, axis=2)
    if instances.shape != plate.shape[:2]:
        raise PlateError(
            "data.size",
            f"'{picture.instances}' is no grey picture of the size of '{picture.path}'.",
            "Copy the pack again, whole.",
        )
    return MaskedPicture(picture.path.stem, np.ascontiguousarray(plate[..., :3]), instances)


def iou(predicted_hw: Mask, true_hw: Mask, counted_hw: Mask | None = None) -> float:
    """Give intersection over union where pixels count; 1 where both are empty."""
    both, either = predicted_hw & true_hw, predicted_hw | true_hw
    if counted_hw is not None:
        both, either = both & counted_hw, either & counted_hw
    return float(both.sum() / either.sum()) if either.any() else 1.0


def in_turn(pictures: Sequence[Picture], limit: int | None) -> Sequence[Picture]:
    """Give pictures in the order of their names, at most so many."""
    return sorted(pictures, key=lambda picture: picture.path.as_posix())[:limit]
