"""Data sets mixed into training samples: sample `i` is a function of the seed and `i`, whoever draws it."""

from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from engine.contract.errors import PlateError
from engine.datasets.discover import Found
from engine.datasets.items import Item, Piece
from engine.datasets.layouts import Source
from engine.training.composition.layers import Composite, film
from engine.training.composition.scenes import foreground_scene, whole_scene
from engine.training.samples import Sample

VISIBLE = 0.004
"""Least mean alpha of an object on the first frame of a sample that asks for it."""
_TRIES = 16
_SECOND, _MERGED = 0.6, 0.4  # share of composites with a second foreground; of those that make one object of both


class Mixture(Dataset[Sample]):
    """Samples from any number of sets.

    A set of image matting gives stills that are made to move, one of video matting or video object segmentation its
    own frames. Foregrounds are set before backgrounds.

    Args:
        sets: to learn from, each with labels.
        backgrounds: sets whose plates lie behind foregrounds.
        size: side of a sample in pixels, even.
        frames: frames a sample.
        seed: of all draws.
        objects: most objects a sample asks for; each is visible on its first frame.
        weights: how often each of `sets` is drawn from, in any unit; None for equally often.
        splits: of the sets to take; None for all whose publisher calls them training, or does not say.

    Raises:
        PlateError: `data.no_training_split`, `data.no_backgrounds`.
    """

    def __init__(
        self,
        sets: Sequence[Found],
        backgrounds: Sequence[Found],
        size: int,
        frames: int,
        seed: int,
        objects: int = 2,
        weights: Sequence[float] | None = None,
        splits: Collection[str] | None = None,
    ) -> None:
        self.size, self.frames, self.seed, self.objects = size, frames, seed, objects
        self.names = [found.layout.name for found in sets]
        self.sources = [_source(found) for found in sets]
        self.items = [_training_items(found, splits) for found in sets]
        self.backgrounds = [_training_items(found, splits) for found in backgrounds]
        share = np.asarray(weights if weights is not None else np.ones(len(sets)), float)
        self.shares = share / share.sum()
        bare = [
            name for name, items in zip(self.names, self.items, strict=True) if not all(item.whole for item in items)
        ]
        if bare and not self.backgrounds:
            raise PlateError(
                "data.no_backgrounds",
                f"{' and '.join(bare)} hold foregrounds, and there is nothing to set them before.",
                "Add a set of backgrounds: bg-20k, coco, dvm, or any folder of pictures or movies as 'backgrounds'.",
            )

    def __len__(self) -> int:
        """Give a number of samples that no stage reaches."""
        return 1 << 40

    def __getitem__(self, index: int) -> Sample:
        """Draw sample `index`.

        Raises:
            PlateError: `data.unreadable`, `data.size`; `data.nothing_visible` where no draw shows an object.
        """
        for attempt in range(_TRIES):
            rng = np.random.default_rng([self.seed, index, attempt])
            number = int(rng.choice(len(self.items), p=self.shares))
            scene = self._scene(rng, self.items[number])
            kept = [] if scene is None else [n for n, alpha in enumerate(scene.alpha_nthw) if alpha[0].mean() > VISIBLE]
            if scene is not None and kept:
                picks = rng.permutation(kept)[: self.objects].tolist()
                return _sample(scene, picks, self.sources[number], index, rng)
        raise PlateError(
            "data.nothing_visible",
            f"{_TRIES} clips in a row from {' and '.join(self.names)} showed none of their objects.",
            "Run `mam2 train --check-data`: its labels may be empty.",
        )

    def _scene(self, rng: np.random.Generator, items: Sequence[Item]) -> Composite | None:
        item = items[int(rng.integers(len(items)))]
        piece = self._piece(rng, item)
        if item.whole:
            picks = rng.permutation(_shown(piece))[: self.objects]
            return whole_scene(rng, piece, picks.tolist(), self.size) if len(picks) else None
        pieces = [piece]
        fronts = [other for other in (items[int(n)] for n in rng.integers(len(items), size=4)) if not other.whole]
        if fronts and rng.random() < _SECOND:
            pieces.append(self._piece(rng, fronts[0]))
        if not all(_shown(one) for one in pieces):
            return None
        behind = self.backgrounds[int(rng.integers(len(self.backgrounds)))]
        back = self._piece(rng, behind[int(rng.integers(len(behind)))])
        return foreground_scene(rng, pieces, back, self.size, merge=bool(rng.random() < _MERGED))

    def _piece(self, rng: np.random.Generator, item: Item) -> Piece:
        return item.read(frames_of(rng, item.length(), self.frames))


def frames_of(rng: np.random.Generator, length: int, frames: int) -> list[int]:
    """Draw which frames of a clip a sample shows: in a row or with gaps, forwards or backwards.

    A clip that is too short goes back and forth; one of a single frame stands still.
    """
    step = 1 + int(rng.integers(max(1, min(3, (length - 1) // max(1, frames - 1)))))
    first = int(rng.integers(max(1, length - (frames - 1) * step)))
    places = first + np.arange(frames) * step
    period = max(1, 2 * (length - 1))
    folded = (length - 1) - np.abs(places % period - (length - 1)) if length > 1 else 0 * places
    return [int(place) for place in (folded[::-1] if rng.random() < 0.4 else folded)]


def _sample(scene: Composite, picks: list[int], source: Source, index: int, rng: np.random.Generator) -> Sample:
    alphas = np.clip(scene.alpha_nthw[picks], 0, 1)
    if source is Source.VOS:
        alphas = (alphas >= 0.5).astype(np.float32)  # a mask has no soft edge, however it was resampled
    plates = film(scene.plates_thwc, rng)
    return Sample(
        torch.from_numpy(np.ascontiguousarray(plates.transpose(0, 3, 1, 2))),
        torch.from_numpy((alphas[:, :, None] * 255 + 0.5).astype(np.uint8)),
        source,
        index,
    )


def _shown(piece: Piece) -> list[int]:
    """Give which objects are on a piece's first frame at all."""
    return [n for n, alpha in enumerate(piece.alpha_nthw) if np.count_nonzero(alpha[0] > 8) >= 4]


def _source(found: Found) -> Source:
    if found.layout.source is None:
        raise PlateError(
            "data.no_labels",
            f"'{found.layout.name}' has no labels to learn from.",
            "It can lie behind foregrounds: add a set with labels as well.",
        )
    return found.layout.source


def _training_items(found: Found, splits: Collection[str] | None) -> list[Item]:
    """Keep what may be learnt from: evaluation on what was learnt says nothing."""
    items = [
        item
        for item in found.items
        if (item.split in splits if splits is not None else "train" in item.split.lower() or item.split in {"", "all"})
    ]
    if not items:
        there = ", ".join(sorted({item.split for item in found.items}))
        raise PlateError(
            "data.no_training_split",
            f"Nothing in '{found.root}' is meant for training: '{found.layout.name}' has {there} there.",
            "Give the folder with its training part as well, or name the splits to take.",
        )
    return items
