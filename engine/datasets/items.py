"""An item of a data set: one clip or picture as the files that it is made of. Nothing is read until it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from engine.clips.drawn.motion import Bytes
from engine.contract.errors import PlateError
from engine.datasets.pictures import FRAMES_APART, MOVIES, decode, movie_length, read_masklets, read_movie, read_picture


class Labels(Enum):
    """How a set says what is where."""

    ALPHA = "a grey picture an object"
    OWN = "the fourth channel of the plate itself"
    COLOURS = "a picture with a colour for each object, black for none"
    MASKLETS = "run lengths in JSON"
    NONE = "no labels: a background"


@dataclass(frozen=True)
class Piece:
    """Some frames of an item.

    Attributes:
        plates: (H, W, 3) uint8 sRGB each.
        alpha_nthw: (N, T, H, W) uint8, of every object that the labels show; none for a background.
        places: of the frames in the item; a still has the same again and again.
    """

    plates: list[Bytes]
    alpha_nthw: Bytes
    places: tuple[int, ...]


@dataclass(frozen=True)
class Item:
    """One clip or picture.

    Attributes:
        split: as the publisher names it: `train`, `val`.
        name: within its split.
        plates: a file a frame, or one movie.
        labels: for each object a file a frame, None where it is not seen; or one movie or JSON file.
        kind: how `labels` are to be understood.
        whole: the plates are whole pictures; otherwise foregrounds to be set before a background.
    """

    split: str
    name: str
    plates: tuple[Path, ...]
    labels: tuple[tuple[Path | None, ...], ...]
    kind: Labels
    whole: bool = True

    @property
    def is_movie(self) -> bool:
        """Whether the plates are one movie."""
        return self.plates[0].suffix.lower() in MOVIES

    def files(self) -> list[Path]:
        """Give all files of the item."""
        return [*self.plates, *self._label_files()]

    def length(self) -> int:
        """Give the number of labelled frames."""
        if self.kind is Labels.MASKLETS:
            return min(len(read_masklets(path)) for path in self._label_files())
        return movie_length(self.plates[0]) if self.is_movie else len(self.plates)

    def read(self, places: Sequence[int]) -> Piece:
        """Read the labelled frames at some places, from 0.

        Raises:
            PlateError: `data.unreadable`; `data.size` where plate and labels do not fit.
        """
        step = FRAMES_APART if self.kind is Labels.MASKLETS else 1
        if self.is_movie:
            stored = read_movie(self.plates[0], [step * place for place in places])
        else:
            kept = {place: read_picture(self.plates[place]) for place in set(places)}
            stored = [kept[place] for place in places]
        alphas = self._alphas(places, stored)
        plates = [_rgb(picture) for picture in stored]
        if alphas.shape[2:] != plates[0].shape[:2] or any(plate.shape != plates[0].shape for plate in plates):
            raise self._misfit(plates, alphas)
        return Piece(plates, alphas, tuple(places))

    def _label_files(self) -> list[Path]:
        return [path for files in self.labels for path in files if path is not None]

    def _alphas(self, places: Sequence[int], stored: list[Bytes]) -> Bytes:
        shape = stored[0].shape[:2]
        if self.kind is Labels.NONE:
            return np.empty((0, len(places), *shape), np.uint8)
        if self.kind is Labels.OWN:
            solid = np.full(shape, 255, np.uint8)
            return np.stack([p[..., 3] if p.ndim == 3 and p.shape[2] == 4 else solid for p in stored])[None]
        if self.kind is Labels.MASKLETS:
            annotated = [read_masklets(path) for path in self._label_files()]
            return np.array(
                [[decode(runs[place][n]) for place in places] for runs in annotated for n in range(len(runs[0]))]
            )
        if self.is_movie:
            return np.stack([np.stack([p[..., 1] for p in read_movie(path, places)]) for path in self._label_files()])
        if self.kind is Labels.COLOURS:
            return by_colour([_of(self.labels[0][place], shape) for place in places])
        rows = [{place: _grey(_of(files[place], shape)) for place in set(places)} for files in self.labels]
        self._agree([alpha for row in rows for alpha in row.values()], stored)
        return np.array([[row[place] for place in places] for row in rows])

    def _agree(self, alphas: list[Bytes], stored: list[Bytes]) -> None:
        for alpha in alphas:
            if alpha.shape != stored[0].shape[:2]:
                raise self._misfit(stored, alpha)

    def _misfit(self, plates: list[Bytes], alphas: Bytes) -> PlateError:
        sizes = sorted({f"{p.shape[1]}x{p.shape[0]}" for p in plates})
        return PlateError(
            "data.size",
            f"'{self.plates[0]}' and its labels do not fit: {' and '.join(sizes)} against "
            f"{alphas.shape[-1]}x{alphas.shape[-2]} pixels.",
            "Download both again; a set must not be resized in part.",
        )


def by_colour(pictures: Sequence[Bytes]) -> Bytes:
    """Give (N, T, H, W) uint8, 0 or 255: one object for each colour or grey other than black, in ascending order."""
    weights = np.array([1 << 16, 1 << 8, 1], np.int64)
    codes = np.stack([p.astype(np.int64) if p.ndim == 2 else p[..., :3] @ weights for p in pictures])
    return np.array([255 * (codes == code) for code in np.unique(codes) if code], np.uint8).reshape(-1, *codes.shape)


def _of(path: Path | None, shape_hw: tuple[int, ...]) -> Bytes:
    return np.zeros(shape_hw, np.uint8) if path is None else read_picture(path)


def _grey(picture: Bytes) -> Bytes:
    return picture if picture.ndim == 2 else np.ascontiguousarray(picture[..., 0])


def _rgb(picture: Bytes) -> Bytes:
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture[..., :3]
