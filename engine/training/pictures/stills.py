"""The pack of free pictures: still photographs whose objects are known, and the cut-outs that they give."""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from engine.clips.drawn.motion import Bytes
from engine.contract.errors import PlateError
from engine.datasets.items import Piece
from engine.datasets.pictures import unreadable

INDEX = "index.csv"
SHIPPING = frozenset({"A"})
"""Tiers whose licences allow weights that ship: CC0, public domain, CC-BY, MIT, Apache, BSD."""


@dataclass(frozen=True)
class Picture:
    """A file of the pack.

    Attributes:
        path: of the picture, 8-bit sRGB; a cut-out has its alpha as fourth channel.
        kind: `background`, `texture`, `cutout`, `masked` or `clip`.
        split: `train` or `dev`.
        tier: `A`, `B` or `SA`; see the pack's README.
    """

    path: Path
    kind: str
    split: str
    tier: str

    @property
    def instances(self) -> Path:
        """Where a masked picture's instance map lies: 0 nothing, 255 to be ignored, each other value an object."""
        return self.path.with_name(f"{self.path.stem}_inst.png")


@dataclass(frozen=True)
class Pack:
    """The pictures of a pack that were asked for."""

    folder: Path
    pictures: tuple[Picture, ...]

    def of(self, *kinds: str) -> list[Picture]:
        """Give the pictures of some kinds."""
        return [picture for picture in self.pictures if picture.kind in kinds]


def read_pack(folder: Path, split: str, tiers: Collection[str] = SHIPPING) -> Pack:
    """Read a pack's index.

    Args:
        folder: holds `index.csv` and the files that it names.
        split: `train` or `dev`; nothing of `dev` is ever trained on.
        tiers: of licences to take.

    Raises:
        PlateError: `data.no_index`, `data.incomplete`.
    """
    index = folder / INDEX
    if not index.is_file():
        raise PlateError(
            "data.no_index",
            f"There is no {INDEX} in '{folder}'.",
            "Give the folder of the pack of pictures itself; docs/training.md says what it holds.",
        )
    with index.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split and row["tier"] in tiers]
    pictures = tuple(Picture(folder / row["file"], row["kind"], row["split"], row["tier"]) for row in rows)
    missing = [picture.path for picture in pictures if not picture.path.is_file()]
    if missing:
        raise PlateError(
            "data.incomplete",
            f"{len(missing)} of {len(pictures)} pictures that '{index}' names are missing, '{missing[0]}' first.",
            "Copy the pack again, whole.",
        )
    return Pack(folder, pictures)


LEAST = 0.004
"""Share of a picture that an object has at least."""
_WHOLE = 0.85  # share of a saliency mask that its largest part has, if it is of one thing
_SOFT = 3  # side of the kernel that gives a hard mask a soft edge; twice the pixels at 1024


class Labels(Enum):
    """How a still says what is where."""

    INSTANCES = "a map: 0 nothing, 255 to be ignored, each other value an object"
    SALIENCY = "a grey picture of one object, a network's opinion"
    ALPHA = "the fourth channel of the picture itself"
    NONE = "no labels: a background"


@dataclass(frozen=True)
class Still:
    """One picture and where its labels lie.

    Attributes:
        picture: file of 8-bit sRGB.
        labels: file of an instance map or of a saliency map.
        kind: how the labels are to be understood.
    """

    picture: Path
    labels: Path | None
    kind: Labels

    def read(self, most: int) -> tuple[Bytes, Bytes]:
        """Read the picture and its objects, shrunk.

        Args:
            most: pixels of the longer side that are kept.

        Returns:
            (H, W, 3) uint8 sRGB and (N, H, W) uint8 of each object that covers `LEAST` of it, 0 or 255 unless the
            labels are alpha.

        Raises:
            PlateError: `data.unreadable`.
        """
        stored = _decode(self.picture, cv2.IMREAD_UNCHANGED if self.kind is Labels.ALPHA else cv2.IMREAD_COLOR)
        if stored.ndim == 2:
            stored = np.repeat(stored[..., None], 3, axis=2)
        if self.kind is Labels.ALPHA:
            stored = cv2.cvtColor(stored, cv2.COLOR_BGRA2RGBA) if stored.shape[2] == 4 else stored[..., ::-1]
            small = _shrunk(np.ascontiguousarray(stored), most)
            solid = np.full(small.shape[:2], 255, np.uint8)
            return np.ascontiguousarray(small[..., :3]), (small[..., 3] if small.shape[2] == 4 else solid)[None]
        picture = _shrunk(np.ascontiguousarray(stored[..., ::-1]), most)
        return picture, self._objects(picture.shape[:2])

    def _objects(self, shape_hw: tuple[int, ...]) -> Bytes:
        if self.labels is None:
            return np.empty((0, *shape_hw), np.uint8)
        marks = _decode(self.labels, cv2.IMREAD_UNCHANGED)
        size = (shape_hw[1], shape_hw[0])
        if self.kind is Labels.SALIENCY:
            return _one_thing(cv2.resize(marks, size, interpolation=cv2.INTER_AREA) > 127)
        marks = cv2.resize(marks, size, interpolation=cv2.INTER_NEAREST)
        counts = np.bincount(marks.ravel(), minlength=256)
        values = [value for value in counts.nonzero()[0].tolist() if value not in {0, 255}]
        kept = [value for value in values if counts[value] >= LEAST * marks.size]
        return np.array([255 * (marks == value) for value in kept], np.uint8).reshape(-1, *shape_hw)


class Stills:
    """A pack's pictures by what they can teach.

    Args:
        pack: the pictures.
        pseudo: folder of pseudo-masks, as `teacher.make_pseudo_masks` writes it; None for none.
    """

    def __init__(self, pack: Pack, pseudo: Path | None = None) -> None:
        masks = {} if pseudo is None else {path.stem: path for path in sorted(pseudo.glob("*.png"))}
        self.backgrounds = [Still(p.path, None, Labels.NONE) for p in pack.of("background", "texture")]
        self.masked = [Still(p.path, p.instances, Labels.INSTANCES) for p in pack.of("masked")]
        self.cutouts = [Still(p.path, None, Labels.ALPHA) for p in pack.of("cutout")]
        self.guessed = [
            Still(p.path, masks[p.path.stem], Labels.SALIENCY) for p in pack.of("background") if p.path.stem in masks
        ]


@dataclass(frozen=True)
class Cutout:
    """A foreground that can be set anywhere.

    Attributes:
        rgba: (H, W, 4) uint8, straight sRGB and alpha, cut to what is seen.
    """

    rgba: Bytes

    @cached_property
    def extent(self) -> int:
        """The longer side in pixels."""
        return max(self.rgba.shape[:2])

    def piece(self, frames: int) -> Piece:
        """Give the cut-out as a still of so many frames."""
        alpha = np.broadcast_to(self.rgba[None, None, ..., 3], (1, frames, *self.rgba.shape[:2]))
        return Piece([np.ascontiguousarray(self.rgba[..., :3])] * frames, alpha, (0,) * frames)


def cut(rng: np.random.Generator, still: Still, most: int) -> Cutout | None:
    """Cut one object out of a still; None where it has none.

    A hard mask gets a soft edge inside itself: a little is lost rather than some background taken along.
    """
    picture, alphas = still.read(most)
    if not len(alphas):
        return None
    alpha = alphas[int(rng.integers(len(alphas)))]
    if still.kind is not Labels.ALPHA:
        kernel = np.ones((_SOFT, _SOFT), np.uint8)
        edge = cv2.erode(alpha, kernel, iterations=2 if still.kind is Labels.SALIENCY else 1)
        alpha = cv2.GaussianBlur(edge, (_SOFT, _SOFT), 0)
    rows, columns = (alpha > 8).any(1).nonzero()[0], (alpha > 8).any(0).nonzero()[0]
    if len(rows) < 8 or len(columns) < 8:
        return None
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return Cutout(np.dstack([picture[window], alpha[window]]))


def still_piece(picture: Bytes, alphas_nhw: Bytes, picks: Sequence[int], frames: int) -> Piece:
    """Give a picture and some of its objects as a still of so many frames."""
    chosen = alphas_nhw[list(picks)]
    return Piece([picture] * frames, np.repeat(chosen[:, None], frames, axis=1), (0,) * frames)


def _one_thing(mask_hw: npt.NDArray[np.bool_]) -> Bytes:
    """Give a mask (1, H, W) without its crumbs; none (0, H, W) where it is a scatter of things."""
    _, marks, facts, _ = cv2.connectedComponentsWithStats(mask_hw.astype(np.uint8))
    areas = facts[1:, cv2.CC_STAT_AREA]
    if not len(areas) or areas.max() < _WHOLE * areas.sum():
        return np.empty((0, *mask_hw.shape), np.uint8)
    return np.where(marks == 1 + int(areas.argmax()), 255, 0).astype(np.uint8)[None]


def _decode(path: Path, how: int) -> Bytes:
    data = np.fromfile(path, np.uint8) if path.is_file() else np.empty(0, np.uint8)
    picture = cv2.imdecode(data, how) if len(data) else None
    if picture is None:
        raise unreadable(path, "it is missing, empty or damaged")
    return np.asarray(picture if picture.dtype == np.uint8 else (picture >> 8).astype(np.uint8))


def _shrunk(picture: Bytes, most: int) -> Bytes:
    scale = most / max(picture.shape[:2])
    if scale >= 1:
        return picture
    if picture.shape[2] == 4:  # colour under a clear pixel must not bleed in
        alpha = picture[..., 3:].astype(np.float32) / 255
        small = cv2.resize(
            np.dstack([picture[..., :3] * alpha, alpha]), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
        )
        straight = small[..., :3] / np.maximum(small[..., 3:], 1e-3)
        return np.clip(np.dstack([straight, small[..., 3:] * 255]) + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
