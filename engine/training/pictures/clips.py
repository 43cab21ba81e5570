"""Photographs as training samples: sample `i` is a function of the seed and `i`, whoever draws it."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.data import Dataset

from engine.clips.drawn.clip import KINDS
from engine.clips.drawn.motion import Floats
from engine.datasets.layouts import Source
from engine.training.composition.layers import Composite, film
from engine.training.composition.scenes import whole_scene
from engine.training.pictures.scenes import composite, drawn
from engine.training.pictures.stills import Cutout, Still, Stills, cut, still_piece
from engine.training.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Callable

DRAWN = 0.6
"""Share of drawn subjects among samples with exact alpha, unless another is asked for."""
LARGER, LARGER_SHARES = (1.0, 1.5, 2.25, 3.0), (0.5, 0.2, 0.2, 0.1)
"""How much larger the picture is that a sample of exact alpha is a part of: at 352 pixels up to 1056."""
_FIRST_EXACT = 2  # of the four kinds
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
        parts: half of those as a part of a larger picture, as the matter sees plates.
        drawn: share of drawn subjects among samples with exact alpha.
    """

    def __init__(
        self,
        stills: Stills,
        size: int,
        frames: int,
        seed: int,
        objects: int = 2,
        *,
        exact: bool = False,
        parts: bool = False,
        drawn: float = DRAWN,
    ) -> None:
        self.exact, self.parts = exact, exact and parts
        self.stills, self.size, self.frames, self.seed, self.objects = stills, size, frames, seed, objects
        real, guessed = 0.0 if exact else 0.3, 0.0 if exact or not stills.guessed else 0.25
        self.kinds: tuple[Callable[[np.random.Generator, int], Composite | None], ...] = (
            self._real,
            self._guessed,
            self._composite,
            self._drawn,
        )
        left = 1 - real - guessed
        self.shares = np.array([real, guessed, (1 - drawn) * left, drawn * left])

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
            side = round(self.size * float(rng.choice(LARGER, p=LARGER_SHARES))) if self.parts else self.size
            scene = self.kinds[number](rng, side)
            if scene is not None and side > self.size:
                scene = part_of(rng, scene, self.size)
            exact = number >= _FIRST_EXACT
            alphas = None if scene is None else _as_known(scene.alpha_nthw, exact=exact)
            seen = [] if alphas is None else [n for n, alpha in enumerate(alphas) if alpha[0].mean() > VISIBLE]
            if scene is not None and alphas is not None and seen:
                plates = film(scene.plates_thwc, rng)
                return Sample(
                    torch.from_numpy(np.ascontiguousarray(plates.transpose(0, 3, 1, 2))),
                    torch.from_numpy(
                        (alphas[rng.permutation(seen)[: self.objects], :, None] * 255 + 0.5).astype(np.uint8)
                    ),
                    Source.PROCEDURAL if exact else Source.VOS,
                    index,
                )
            attempt += 1

    def _real(self, rng: np.random.Generator, side: int) -> Composite | None:
        return self._whole(rng, side, _one(rng, self.stills.masked))

    def _guessed(self, rng: np.random.Generator, side: int) -> Composite | None:
        return self._whole(rng, side, _one(rng, self.stills.guessed))

    def _whole(self, rng: np.random.Generator, side: int, still: Still) -> Composite | None:
        picture, alphas = still.read(_most(side))
        if not len(alphas):
            return None
        if rng.random() < 0.4:  # something that crosses it, which takes its share of the objects behind
            fronts = self._cutouts(rng, side, 1 + int(rng.integers(2)))
            return composite(rng, fronts, picture, alphas[rng.permutation(len(alphas))[:6]], self.frames, side)
        picks = rng.permutation(len(alphas))[: self.objects].tolist()
        piece = still_piece(picture, alphas, picks, self.frames)
        return whole_scene(rng, piece, range(len(picks)), side)

    def _composite(self, rng: np.random.Generator, side: int) -> Composite | None:
        picture, _ = _one(rng, self.stills.backgrounds).read(_most(side))
        fronts = self._cutouts(rng, side, 1 + int(rng.integers(4)))
        empty = np.empty((0, *picture.shape[:2]), np.uint8)
        return composite(rng, fronts, picture, empty, self.frames, side) if fronts else None

    def _drawn(self, rng: np.random.Generator, side: int) -> Composite | None:
        picture, _ = _one(rng, self.stills.backgrounds).read(_most(side))
        return drawn(rng, str(rng.choice(KINDS)), picture, self.frames, side)

    def _cutouts(self, rng: np.random.Generator, side: int, count: int) -> list[Cutout]:
        """Draw cut-outs; a later one is often of the same still: a distractor of the same kind."""
        origins = [origin for origin in (self.stills.masked, self.stills.cutouts, self.stills.guessed) if origin]
        found: list[Cutout] = []
        still: Still | None = None
        for _ in range(count):
            if still is None or rng.random() < 0.65:
                still = _one(rng, origins[int(rng.integers(len(origins)))])
            one = cut(rng, still, _most(side))
            if one is not None:
                found.append(one)
        return found


def _as_known(alpha_nthw: Floats, *, exact: bool) -> Floats:
    """Give alphas as they are known: a mask has no soft edge, however it was resampled."""
    return np.clip(alpha_nthw, 0, 1) if exact else (alpha_nthw >= 0.5).astype(np.float32)


def part_of(rng: np.random.Generator, scene: Composite, size: int) -> Composite:
    """Cut a square out of a larger composite, where the alpha of one of its objects is neither 0 nor 1 if it can be.

    Args:
        rng: source of chance.
        scene: to cut from, at least `size` pixels each way.
        size: side of the part in pixels.
    """
    alpha = scene.alpha_nthw[int(rng.integers(len(scene.alpha_nthw))), 0]
    soft = (alpha > 0.02) & (alpha < 0.98)
    rows, columns = (soft if soft.any() else alpha > -1).nonzero()
    pick, room = int(rng.integers(len(rows))), len(alpha) - size
    top, left = (
        int(np.clip(at - rng.integers(size // 8, size - size // 8), 0, room)) for at in (rows[pick], columns[pick])
    )
    plates = scene.plates_thwc[:, top : top + size, left : left + size]
    alphas = scene.alpha_nthw[:, :, top : top + size, left : left + size]
    return Composite(plates, np.ascontiguousarray(alphas))


def _most(side: int) -> int:
    """Give the longer side in pixels that stills are read at for a picture of `side`."""
    return round(1.6 * side)


def _one(rng: np.random.Generator, stills: list[Still]) -> Still:
    return stills[int(rng.integers(len(stills)))]
