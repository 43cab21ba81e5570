"""Composites whose alpha is exact: cut-outs and drawn subjects before photographs, always the same ones."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.clips.drawn import UNSEEN_SEED
from engine.clips.drawn.colour import Bytes
from engine.clips.drawn.noise import child
from engine.clips.truth import TrueClip
from engine.evaluation.alpha import to_codes
from engine.evaluation.pictures.staging import DRAWN, STILL, Stage, background, cutout, drawn, mean_colour
from engine.evaluation.pictures.studio import Studio
from engine.training.composition.compose import Composite, compose, film
from engine.training.composition.layers import Layer

COUNT = 40
SIZES = ((768, 432), (640, 512), (480, 640))
"""Widths and heights, in turns."""

_STREAM = 91  # of chance
_BESIDE = 3  # every third composite shows a second thing that is not asked for


@dataclass(frozen=True)
class Composites:
    """The composites of a pack.

    Attributes:
        studio: the pack's pictures.
        size: width and height of all; None: `SIZES` in turns.
    """

    studio: Studio
    size: tuple[int, int] | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of every composite: cut-outs and drawn subjects take turns."""
        cut = tuple(self.studio.cutouts)
        return tuple(
            cut[number // 2 % len(cut)] if cut and number % 2 == 0 else DRAWN[number // 2 % len(DRAWN)]
            for number in range(COUNT)
        )

    def clips(self, limit: int | None = None) -> Iterator[TrueClip]:
        """Make them, as clips of one frame."""
        return (self.clip(number) for number in range(COUNT if limit is None else min(limit, COUNT)))

    def clip(self, number: int) -> TrueClip:
        """Make one."""
        rng, kind = child(UNSEEN_SEED + number, _STREAM), self.kinds[number]
        stage = Stage.of(*(self.size or SIZES[number % len(SIZES)]))
        plate = self.studio.background(number, stage)
        back = background(plate, stage, stage.path(rng, (0.5, 0.5), STILL, 1), 1, rng)
        x, y = float(rng.uniform(0.33, 0.67)), float(rng.uniform(0.4, 0.6))
        objects = [[self._subject(kind, number, stage, (x, y), plate, rng)]]
        if number % _BESIDE == 0 and self.studio.cutouts:
            objects.insert(0, [self._beside(number, stage, x, rng)])
        made = compose(back, objects, frames=1, size=stage.size, shutter=0.0)
        return true_clip(f"{kind}-{number:02d}", kind, made, stage, rng)

    def _subject(
        self, kind: str, number: int, stage: Stage, at: tuple[float, float], plate: Bytes, rng: np.random.Generator
    ) -> Layer:
        path, share = stage.path(rng, at, STILL, 1), float(rng.uniform(0.45, 0.95))
        if kind in self.studio.cutouts:
            return cutout(self.studio.cutout(kind, self._turn(number)), stage, path, 1, rng, share)
        return drawn(kind, UNSEEN_SEED + number, stage, path, 1, mean_colour(plate), share)

    def _beside(self, number: int, stage: Stage, x: float, rng: np.random.Generator) -> Layer:
        kinds = tuple(self.studio.cutouts)
        kind = kinds[(number // _BESIDE + 1) % len(kinds)]
        path = stage.path(rng, (0.85 if x < 0.5 else 0.15, float(rng.uniform(0.35, 0.65))), STILL, 1)
        return cutout(self.studio.cutout(kind, number + 1), stage, path, 1, rng, float(rng.uniform(0.3, 0.5)))

    def _turn(self, number: int) -> int:
        """Give how many composites of the same kind came before."""
        return self.kinds[:number].count(self.kinds[number])


def true_clip(
    name: str, kind: str, made: Composite, stage: Stage, rng: np.random.Generator, asked: int = -1
) -> TrueClip:
    """Film what was composed, and keep the alpha of what is asked for.

    Args:
        name: of the clip.
        kind: what tables have a row for.
        made: composed on the stage.
        stage: the plate.
        rng: source of the camera's chance.
        asked: number of the object, those of the back layer first; -1 is the one that was laid on last.
    """
    height, width = stage.plate_hw
    plates = film(np.ascontiguousarray(made.plates_thwc[:, :height, :width]), rng)
    return TrueClip(name, kind, False, plates, to_codes(made.alpha_nthw[asked, :, :height, :width]))
