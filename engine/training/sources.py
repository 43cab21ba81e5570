"""Where a stage's samples come from: procedural clips, or data sets."""

from collections.abc import Callable
from pathlib import Path

from torch.utils.data import Dataset

from engine.training.crew import Crew
from engine.training.datasets import PooledClips, build_pool
from engine.training.run import Data, Say
from engine.training.samples import Sample
from engine.training.stages import Stage

POOL_FRAMES, POOL_SIZE = 12, 256


def procedural(pool: Path, *, clips: int, first_seed: int, say: Say) -> Data:
    """Draw clips, once, into a pool on disk and cut samples from it.

    Args:
        pool: a `.npy` file; the clips that it already holds are kept.
        clips: in the whole pool.
        first_seed: seed of its first clip; the others follow.
        say: told how far the drawing is.
    """

    def samples(stage: Stage, together: Crew) -> Dataset[Sample]:
        if together.leads:
            build_pool(
                pool,
                clips=clips,
                frames=POOL_FRAMES,
                size=POOL_SIZE,
                first_seed=first_seed,
                workers=2,
                report=_now_and_then(clips, say),
            )
        together.agree(wanted=True)  # the others wait for the clips
        return PooledClips(pool, stage.size, stage.frames, stage.first_seed, stage.objects)

    return samples


def _now_and_then(clips: int, say: Say) -> Callable[[int], None]:
    def report(done: int) -> None:
        if done % 50 == 0 or done == clips:
            say(f"made {done} of {clips} clips")

    return report
