"""Where a stage's samples come from: procedural clips, photographs, or data sets."""

from collections.abc import Callable, Mapping
from pathlib import Path

from torch.utils.data import Dataset

from engine.contract.errors import PlateError
from engine.datasets.discover import discover
from engine.datasets.layouts import Source
from engine.model.config import STARTER
from engine.training.crew import Crew
from engine.training.mixture import Mixture
from engine.training.pictures.clips import DRAWN, PictureClips
from engine.training.pictures.stills import Stills, read_pack
from engine.training.pool import PooledClips, build_pool
from engine.training.run import Data, Say
from engine.training.samples import Sample
from engine.training.stages import Stage

POOL_FRAMES, POOL_SIZE = 12, STARTER.tracker.image_size
_SEE_THROUGH = 0.5  # share of drawn subjects where trimaps of pictures are learnt: half of their kinds are see-through
_TAUGHT: dict[str, Callable[[Source], bool]] = {
    "masks": lambda source: source.teaches_masks,
    "trimaps": lambda _: True,
    "matter": lambda source: source.teaches_alpha,
    "picture": lambda source: source.teaches_alpha,
}


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


def photographs(pack: Path, pseudo: Path | None) -> Data:
    """Make samples from a pack of free pictures.

    Args:
        pack: its folder.
        pseudo: folder of pseudo-masks; None for none.

    Raises:
        PlateError: as `read_pack`.
    """
    stills = Stills(read_pack(pack, "train"), pseudo)

    def samples(stage: Stage, together: Crew) -> Dataset[Sample]:
        del together
        return PictureClips(
            stills,
            stage.size,
            stage.frames,
            stage.first_seed,
            stage.objects,
            exact=stage.kind in {"matter", "picture"},
            parts=stage.kind == "matter",
            drawn=_SEE_THROUGH if stage.kind == "picture" else DRAWN,
        )

    return samples


def from_sets(sets: Mapping[str, Path], backgrounds: Mapping[str, Path]) -> Data:
    """Mix data sets in their published folders; a stage sees those whose labels teach it something.

    Args:
        sets: names of layouts and where they lie.
        backgrounds: the same, of what lies behind foregrounds.

    Raises:
        PlateError: as `discover`.
    """
    found = [discover(root, name) for name, root in sets.items()]
    behind = [discover(root, name) for name, root in backgrounds.items()]

    def samples(stage: Stage, together: Crew) -> Dataset[Sample]:
        """Raise PlateError `data.nothing_to_learn` where no set has the stage's labels; as `Mixture` otherwise."""
        del together
        fit = [one for one in found if one.layout.source is not None and _TAUGHT[stage.kind](one.layout.source)]
        if not fit:
            raise PlateError(
                "data.nothing_to_learn",
                f"None of {', '.join(sets)} has what {stage.name} learns from.",
                "Video object segmentation teaches masks, any matting set trimaps, image matting alpha.",
            )
        return Mixture(fit, behind, stage.size, stage.frames, stage.first_seed, stage.objects)

    return samples


def _now_and_then(clips: int, say: Say) -> Callable[[int], None]:
    def report(done: int) -> None:
        if done % 50 == 0 or done == clips:
            say(f"made {done} of {clips} clips")

    return report
