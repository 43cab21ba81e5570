"""What of a pack is measured: masked pictures, and what composites and clips are made of, in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.clips.drawn.motion import Bytes
from engine.contract.errors import PlateError
from engine.datasets.pictures import read_picture
from engine.evaluation.metrics import largest_piece
from engine.evaluation.pictures.staging import Stage, fits
from engine.training.pictures.stills import Pack, Picture

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


_NAMES = {"cut_keyed": "keyed", "cut_sa_0ad": "tree", "cut_cc0": "puff"}
_SHARES = 0.02, 0.4  # of its picture that an object covers which is worth being lifted
_WHOLE, _CUT, _DEEP = 0.9, 0.12, 0.2
"""Of such an object: least share in one piece, most of its outline on the picture's border, least depth by its size."""


@dataclass(frozen=True)
class Studio:
    """A pack's pictures by use; each in the order of names, so that a number means the same everywhere.

    Attributes:
        backgrounds: by folder, with width and height, so that a folder of hundreds does not crowd out the others.
        cutouts: by kind.
        masked: pictures with an object that stands in the picture whole and compact, and the most compact one.
    """

    backgrounds: Mapping[str, Sequence[tuple[Path, tuple[int, int]]]]
    cutouts: Mapping[str, Sequence[Picture]]
    masked: Sequence[tuple[MaskedPicture, int]]

    @classmethod
    def of(cls, pack: Pack) -> "Studio":
        """Sort a pack's pictures."""
        backgrounds = {
            folder: [(one.path, _size(one.path)) for one in some]
            for folder, some in _by_folder(pack.of("background")).items()
        }
        cutouts = {_NAMES.get(folder, folder): some for folder, some in _by_folder(pack.of("cutout")).items()}
        masked = []
        for picture in sorted(pack.of("masked"), key=lambda one: one.path.as_posix()):
            read = read_masked(picture)
            depths = {value: _depth(read, value) for value in read.objects}
            best = max(depths, key=depths.__getitem__, default=0)
            if depths.get(best, 0.0) > _DEEP:
                masked.append((read, best))
        return cls(backgrounds, cutouts, masked)

    def background(self, number: int, stage: Stage) -> Bytes:
        """Give a background that fills a stage, (H, W, 3) uint8; folders take turns."""
        suiting = [[path for path, size in some if fits(size, stage)] or None for some in self.backgrounds.values()]
        groups = [some for some in suiting if some] or [
            [path for path, _ in some] for some in self.backgrounds.values()
        ]
        group = groups[number % len(groups)]
        return rgb(read_picture(group[number // len(groups) % len(group)]))

    def cutout(self, kind: str, number: int) -> Bytes:
        """Give a cut-out, (H, W, 4) uint8."""
        some = self.cutouts[kind]
        return read_picture(some[number % len(some)].path)


def rgb(picture: Bytes) -> Bytes:
    """Give a picture of any layout as (H, W, 3) uint8."""
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else np.ascontiguousarray(picture[..., :3])


def _depth(picture: MaskedPicture, value: int) -> float:
    """Give how deep an object is beside the square root of its area; 0 where it is not worth being lifted."""
    mask = picture.mask(value)
    area = int(mask.sum())
    outline = int(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).sum()) / 2
    on_border = sum(int(side.sum()) for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    in_view = _SHARES[0] <= picture.shares[value] <= _SHARES[1] and on_border <= _CUT * outline
    if not in_view or largest_piece(mask).sum() < _WHOLE * area:
        return 0.0
    inside = np.pad(mask.astype(np.uint8), 1)
    return float(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max() / area**0.5)


def _size(path: Path) -> tuple[int, int]:
    picture = read_picture(path)
    return picture.shape[1], picture.shape[0]


def _by_folder(pictures: Sequence[Picture]) -> dict[str, list[Picture]]:
    folders: dict[str, list[Picture]] = {}
    for picture in sorted(pictures, key=lambda one: one.path.as_posix()):
        folders.setdefault(picture.path.parent.name, []).append(picture)
    return folders
