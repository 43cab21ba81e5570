"""Composites and clips of stills, with exact masks and alphas, always the same ones."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.clips.drawn import UNSEEN_SEED
from engine.clips.drawn.motion import Bytes, Gait
from engine.clips.drawn.noise import child
from engine.clips.truth import TrueClip
from engine.evaluation.metrics import to_codes
from engine.evaluation.pictures.staging import (
    DRAWN,
    STILL,
    Stage,
    background,
    cutout,
    drawn,
    lifted,
    mean_colour,
    whole,
)
from engine.evaluation.pictures.studio import MaskedPicture, Studio
from engine.training.composition.layers import Composite, Layer, compose, film

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


CLIPS, FRAMES, SIZE = 24, 24, (640, 360)
WHOLE, LIFTED, CUT, DRAWING = "whole picture", "lifted object", "cut-out", "drawn"
KINDS = (WHOLE, LIFTED, CUT, DRAWING)
"""In turns: an object in its own picture under a camera; one lifted out of its picture; a cut-out; a drawn subject."""

_CLIP_STREAM = 92  # of chance
_CAMERA = Gait(step=0.1, turn=0.06, zoom=0.12, tremble=0.003, rest=0.2)  # before a background
_PAN = Gait(step=0.12, turn=0.15, zoom=0.12, tremble=0.004, rest=0.0)  # over a whole picture
_CALM = Gait(step=0.12, turn=0.15, zoom=0.08, tremble=0.004, rest=0.2)
_QUICK = Gait(step=0.4, turn=0.5, zoom=0.2, tremble=0.004, rest=0.1)
_SHUTTERS = (0.0, 0.5, 0.9)


@dataclass(frozen=True)
class StillClips:
    """The clips of a pack.

    Attributes:
        studio: the pack's pictures.
        frames: of every clip.
        size: width and height.
    """

    studio: Studio
    frames: int = FRAMES
    size: tuple[int, int] = SIZE

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of every clip; those that the pack has no pictures for are drawn."""
        there = {WHOLE: self.studio.masked, LIFTED: self.studio.masked, CUT: self.studio.cutouts, DRAWING: DRAWN}
        return tuple(kind if there[kind] else DRAWING for kind in (KINDS * CLIPS)[:CLIPS])

    def clips(self, limit: int | None = None) -> Iterator[TrueClip]:
        """Make them."""
        return (self.clip(number) for number in range(CLIPS if limit is None else min(limit, CLIPS)))

    def clip(self, number: int) -> TrueClip:
        """Make one; every other one shows a second thing that moves and is not asked for."""
        rng, kind, stage = child(UNSEEN_SEED + number, _CLIP_STREAM), self.kinds[number], Stage.of(*self.size)
        turn = number // len(KINDS)
        objects: list[list[Layer]] = []
        if kind == WHOLE:
            picture, value = self._masked(2 * turn)
            back = whole(picture.plate_hwc, picture.mask(value), stage, _PAN, self.frames, rng)
        else:
            plate = self.studio.background(number, stage)
            camera = stage.path(rng, (0.5, 0.5), _CAMERA, self.frames)
            back = background(plate, stage, camera, self.frames, rng)
            objects = [[self._subject(kind, turn, stage, plate, rng)]]
        if number // len(KINDS) % 2 and self.studio.cutouts:
            objects.insert(0, [self._passer_by(number, stage, rng)])
        shutter = _SHUTTERS[number % len(_SHUTTERS)]
        made = compose(back, objects, frames=self.frames, size=stage.size, shutter=shutter)
        return true_clip(
            f"{kind.replace(' ', '-')}-{number:02d}", kind, made, stage, rng, asked=0 if kind == WHOLE else -1
        )

    def _subject(self, kind: str, turn: int, stage: Stage, plate: Bytes, rng: np.random.Generator) -> Layer:
        start = float(rng.uniform(0.35, 0.65)), float(rng.uniform(0.4, 0.6))
        path = stage.path(rng, start, _QUICK if turn % 2 else _CALM, self.frames)
        share = float(rng.uniform(0.5, 0.9))
        if kind == DRAWING:
            subject = DRAWN[turn % len(DRAWN)]
            return drawn(subject, UNSEEN_SEED + 500 + turn, stage, path, self.frames, mean_colour(plate), share)
        if kind == LIFTED:
            picture, value = self._masked(2 * turn + 1)
            return cutout(lifted(picture.plate_hwc, picture.mask(value)), stage, path, self.frames, rng, share)
        kinds = tuple(self.studio.cutouts)
        return cutout(self.studio.cutout(kinds[turn % len(kinds)], 3 * turn), stage, path, self.frames, rng, share)

    def _masked(self, turn: int) -> tuple[MaskedPicture, int]:
        """Give one of as many pictures as are needed, far from one another in the pack."""
        some, needed = self.studio.masked, 2 * CLIPS // len(KINDS)
        return some[turn * len(some) // needed % len(some)]

    def _passer_by(self, number: int, stage: Stage, rng: np.random.Generator) -> Layer:
        kinds = tuple(self.studio.cutouts)
        start = (0.12 if rng.random() < 0.5 else 0.88), float(rng.uniform(0.3, 0.7))
        path = stage.path(rng, start, _QUICK, self.frames)
        picture = self.studio.cutout(kinds[number % len(kinds)], number)
        return cutout(picture, stage, path, self.frames, rng, float(rng.uniform(0.3, 0.5)))
