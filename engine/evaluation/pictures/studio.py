"""What of a pack composites and clips are made of, and in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.evaluation.pictures.masked import MaskedPicture, read_masked
from engine.evaluation.pictures.staging import Stage, fits
from engine.training.data.pictures import read_picture
from engine.training.pictures.pack import Pack, Picture
from engine.training.procedural.colour import Bytes

_NAMES = {"cut_keyed": "keyed", "cut_sa_0ad": "tree", "cut_cc0": "puff"}
_WORTH_LIFTING = 0.03  # share of its picture


@dataclass(frozen=True)
class Studio:
    """A pack's pictures by use; each in the order of names, so that a number means the same everywhere.

    Attributes:
        backgrounds: by folder, with width and height, so that a folder of hundreds does not crowd out the others.
        cutouts: by kind.
        masked: pictures with objects that are worth being lifted, and these objects.
    """

    backgrounds: Mapping[str, Sequence[tuple[Path, tuple[int, int]]]]
    cutouts: Mapping[str, Sequence[Picture]]
    masked: Sequence[tuple[MaskedPicture, Sequence[int]]]

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
            worth = [value for value in read.objects if read.shares[value] >= _WORTH_LIFTING]
            if worth:
                masked.append((read, worth))
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


def _size(path: Path) -> tuple[int, int]:
    picture = read_picture(path)
    return picture.shape[1], picture.shape[0]


def _by_folder(pictures: Sequence[Picture]) -> dict[str, list[Picture]]:
    folders: dict[str, list[Picture]] = {}
    for picture in sorted(pictures, key=lambda one: one.path.as_posix()):
        folders.setdefault(picture.path.parent.name, []).append(picture)
    return folders
