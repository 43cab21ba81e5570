"""Photographs as training samples: sample `i` is a function of the seed and `i`, whoever draws it."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.data import Dataset

from engine.training.composition.compose import Composite, film
from engine.training.data.scenes import whole_scene
from engine.training.pictures.scenes import composite, drawn
from engine.training.pictures.stills import Cutout, Still, Stills, cut, still_piece
from engine.training.procedural.clip import KINDS
from engine.training.samples import Sample, Source

if TYPE_CHECKING:
    from collections.abc import Callable

VISIBLE = 0.003
"""Least mean alpha of an object on the first frame of a sample that asks for it."""


class PictureClips(Dataset[Sample]):
    """Samples from photographs, in four kinds.

    `real`: a masked picture as it is, seen by a camera that may move. `guessed`: the same with a pseudo-mask.
    `composite`: cut-outs of every origin over a photograph, beside others like them. `drawn`: the drawn kinds, what can
    be seen through among them, over a photograph. The first two teach masks alone.

    Args:
        stills: to learn from.
        size: side of a sample in pixels, even.
        frames: frames a sample.
        seed: of all draws.
        objects: most objects a sample asks for; each is visible on its first frame.
        exact: only samples whose alpha is exact.
    """

    def __init__(
        self, stills: Stills, size: int, frames: int, seed: int, objects: int = 2, *, exact: bool = False
    ) -> None:
        self.stills, self.size, self.frames, self.seed, self.objects = stills, size, frames, seed, objects
        real, guessed = 0.0 if exact else 0.3, 0.0 if exact or not stills.guessed else 0.25
        self.kinds: tuple[Callable[[np.random.Generator], Composite | None], ...] = (
            self._real,
            self._guessed,
            self._composite,
            self._drawn,
        )
        left = 1 - real - guessed
        self.shares = np.array([real, guessed, 0.75 * left, 0.25 * left])
        self.most = round(1.6 * size)

    def __len__(self) -> int:
        """Give a number of samples that no stage reaches."""
        return 1 << 40

    def __getitem__(self, index: int) -> Sample:
        """Draw sample `index`.

        Raises:
            PlateError: `data.unreadable`.
        """
        attempt = 0
        while True:
            rng = np.random.default_rng([self.seed, index, attempt])
            number = int(rng.choice(len(self.kinds), p=self.shares))
            scene = self.kinds[number](rng)
            seen = [] if scene is None else [n for n, a in enumerate(scene.alpha_nthw) if a[0].mean() > VISIBLE]
            if scene is not None and seen:
                picks = rng.permutation(seen)[: self.objects].tolist()
                return self._sample(scene, picks, index, rng, exact=number > 1)
            attempt += 1

    def _sample(
        self, scene: Composite, picks: list[int], index: int, rng: np.random.Generator, *, exact: bool
    ) -> Sample:
        alphas = np.clip(scene.alpha_nthw[picks], 0, 1)
        if not exact:
            alphas = (alphas >= 0.5).astype(np.float32)  # a mask has no soft edge, however it was resampled
        plates = film(scene.plates_thwc, rng)
        return Sample(
            torch.from_numpy(np.ascontiguousarray(plates.transpose(0, 3, 1, 2))),
            torch.from_numpy((alphas[:, :, None] * 255 + 0.5).astype(np.uint8)),
            Source.PROCEDURAL if exact else Source.VOS,
            index,
        )

    def _real(self, rng: np.random.Generator) -> Composite | None:
        return self._whole(rng, _one(rng, self.stills.masked))

    def _guessed(self, rng: np.random.Generator) -> Composite | None:
        return self._whole(rng, _one(rng, self.stills.guessed))

    def _whole(self, rng: np.random.Generator, still: Still) -> Composite | None:
        picture, alphas = still.read(self.most)
        if not len(alphas):
            return None
        if rng.random() < 0.4:  # something that crosses it, which takes its share of the objects behind
            fronts = self._cutouts(rng, 1 + int(rng.integers(2)))
            return composite(rng, fronts, picture, alphas[rng.permutation(len(alphas))[:6]], self.frames, self.size)
        picks = rng.permutation(len(alphas))[: self.objects].tolist()
        piece = still_piece(picture, alphas, picks, self.frames)
        return whole_scene(rng, piece, range(len(picks)), self.size)

    def _composite(self, rng: np.random.Generator) -> Composite | None:
        picture, _ = _one(rng, self.stills.backgrounds).read(self.most)
        fronts = self._cutouts(rng, 1 + int(rng.integers(4)))
        empty = np.empty((0, *picture.shape[:2]), np.uint8)
        return composite(rng, fronts, picture, empty, self.frames, self.size) if fronts else None

    def _drawn(self, rng: np.random.Generator) -> Composite | None:
        picture, _ = _one(rng, self.stills.backgrounds).read(self.most)
        return drawn(rng, str(rng.choice(KINDS)), picture, self.frames, self.size)

    def _cutouts(self, rng: np.random.Generator, count: int) -> list[Cutout]:
        """Draw cut-outs; a later one is often of the same still: a distractor of the same kind."""
        origins = [origin for origin in (self.stills.masked, self.stills.cutouts, self.stills.guessed) if origin]
        found: list[Cutout] = []
        still: Still | None = None
        for _ in range(count):
            if still is None or rng.random() < 0.65:
                still = _one(rng, origins[int(rng.integers(len(origins)))])
            one = cut(rng, still, self.most)
            if one is not None:
                found.append(one)
        return found


def _one(rng: np.random.Generator, stills: list[Still]) -> Still:
    return stills[int(rng.integers(len(stills)))]
