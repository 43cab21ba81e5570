"""The starter's examination: unseen procedural clips, one click on the first frame, classical baselines beside it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.clips.drawn import KINDS, UNSEEN_SEED, Clip, make_clip
from engine.contract.shot import Point
from engine.evaluation.baselines import first_alpha_held, grabcut
from engine.evaluation.metrics import dtssd, mad, mse
from engine.evaluation.tracking import track
from engine.model.mam2 import MAM2
from engine.session.results import ObjectMatte

_UNKNOWN = (0.02, 0.98)  # alphas between these are truly neither background nor foreground


@dataclass(frozen=True)
class ClipScore:
    """How one clip went. MAD and MSE are means over its frames, times 1000.

    Attributes:
        kind: of the subject.
        seed: of the clip.
        mad, mse, dtssd: of our mattes.
        grabcut_mad, held_mad: MAD of the baselines.
        took_distractor: over the clip, the matte holds more of the distractor than of the subject.
        collapse: truly unknown pixels that the trimap calls foreground, and all of them: on the first frame, later.
    """

    kind: str
    seed: int
    mad: float
    mse: float
    dtssd: float
    grabcut_mad: float
    held_mad: float
    took_distractor: bool
    collapse: tuple[int, int, int, int]


def examine(
    model: MAM2, *, clips: int, frames: int = 24, size: tuple[int, int] = (320, 180), first: int = 0, mode: str
) -> Iterator[ClipScore]:
    """Matte unseen clips, kinds in turn, and score each.

    Args:
        model: to be examined.
        clips: how many.
        frames: a clip.
        size: width and height in pixels.
        first: number of the first clip; the same numbers are the same clips everywhere.
        mode: row of the paper's ablation.
    """
    for number in range(first, first + clips):
        clip = make_clip(UNSEEN_SEED + number, kind=KINDS[number % len(KINDS)], frames=frames, size_hw=size[::-1])
        yield score(clip, matte_clip(model, clip, mode))


def matte_clip(model: MAM2, clip: Clip, mode: str) -> list[ObjectMatte]:
    """Matte a clip from one click on its first frame; one matte a frame."""
    return [matte for _, matte in track(model, clip.plates_thwc, Point(0, *clip.click_xy), mode=mode)]


def score(clip: Clip, mattes: list[ObjectMatte]) -> ClipScore:
    """Score a clip's mattes against its exact alpha."""
    truth, distractor = (np.divide(alphas, 255, dtype=np.float32) for alphas in (clip.alpha_thw, clip.distractor_thw))
    ours = np.stack([matte.alpha_hw for matte in mattes])
    unknown = (truth > _UNKNOWN[0]) & (truth < _UNKNOWN[1])
    called = unknown & (np.stack([matte.trimap_hw for matte in mattes]) == 1)
    return ClipScore(
        clip.kind,
        clip.seed,
        1000 * float(mad(ours, truth).mean()),
        1000 * float(mse(ours, truth).mean()),
        100 * float(dtssd(ours, truth).mean()),
        1000 * float(mad(grabcut(clip.plates_thwc, truth), truth).mean()),
        1000 * float(mad(first_alpha_held(truth), truth).mean()),
        bool((ours * distractor).sum() > (ours * truth).sum()),
        (int(called[0].sum()), int(unknown[0].sum()), int(called[1:].sum()), int(unknown[1:].sum())),
    )
