"""What prompts are worth to the starter: clips that it has never seen, the same object asked for in several ways.

    python docs/prompt_study.py

Prints the table of docs/prompts.md: MAD x 1000 of each clip's six frames, by prompt. Smaller is better.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.cli.matte.options import Given
from engine.cli.matte.request import MatteRequest
from engine.cli.matte.run import run_matte
from engine.clips.drawn import UNSEEN_SEED, LinearClip, render_linear
from engine.evaluation.metrics import mad
from engine.media.matte_files import read_matte, write_exr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

FIRST, FRAMES, SIZE_HW = 1001, 6, (252, 448)
KINDS = ("smoke", "glass", "hair", "blob", "bubbles", "fire")
SEEDS = (500, 501)  # behind UNSEEN_SEED, away from those of the demonstration and of the benchmarks
# name of the picture, kind, seed, prompts: chosen from the table for what they show
EXAMPLES = (
    ("edge", "glass", 501, ("middle", "edge")),
    ("box", "bubbles", 500, ("middle", "box")),
    ("not", "bubbles", 500, ("middle", "middle and not")),
    ("needless", "fire", 501, ("middle", "middle and not")),
)


def clip_of(kind: str, seed: int) -> LinearClip:
    """Draw a clip."""
    return render_linear(UNSEEN_SEED + seed, kind=kind, frames=FRAMES, size_hw=SIZE_HW)


def ways(clip: LinearClip) -> dict[str, tuple[Given, ...]]:
    """Give prompts for the first frame: where an artist would click, where one should not, a box, and a not-point."""
    alpha, distractor = clip.alpha_thw[0], clip.distractor_thw[0]
    thin = np.argwhere((alpha > 0.05) & (alpha < 0.35))
    edge = thin[len(thin) // 2][::-1] + 0.5 if len(thin) else clip.click_xy
    wrong = np.array(np.unravel_index(distractor.argmax(), distractor.shape))[::-1] + 0.5
    middle, negative = _given("point", clip.click_xy), _given("not_point", wrong)
    return {
        "middle": (middle,),
        "edge": (_given("point", edge),),
        "box": (_given("box", clip.box_xyxy),),
        "middle and not": (middle, negative),
    }


def matted(clip: LinearClip, prompts: tuple[Given, ...]) -> NDArray[np.float32]:
    """Matte a clip by the way of `mam2 matte`; give alpha, (T, H, W) 0..1."""
    return mattes(clip, prompts, ("alpha",))["alpha"]


def mattes(clip: LinearClip, prompts: tuple[Given, ...], layers: tuple[str, ...]) -> dict[str, NDArray[np.float32]]:
    """Matte a clip; give each layer, (T, H, W) 0..1."""
    with written(clip) as plates:
        result = run_matte(MatteRequest(plates=str(plates), out=plates.parent / "out", prompts=prompts, layers=layers))
        files = [read_matte(Path(str(result.pattern).replace("####", f"{frame:04d}"))) for frame in result.frames]
    return {layer: np.stack([file[f"object.{layer}"] for file in files]) for layer in layers}


@contextmanager
def written(clip: LinearClip) -> Iterator[Path]:
    """Write a clip's plates as scene-linear half EXR for a while; give their pattern."""
    with tempfile.TemporaryDirectory() as folder:
        for index, plate_hwc in enumerate(clip.plates_thwc):
            channels = {name: plate_hwc[..., i] for i, name in enumerate("RGB")}
            write_exr(Path(folder) / f"plate.{FIRST + index}.exr", channels, "")
        yield Path(folder) / "plate.####.exr"


def main() -> None:
    """Print the table."""
    rows = []
    for kind in KINDS:
        for seed in SEEDS:
            clip = clip_of(kind, seed)
            rows.append([mad(matted(clip, given), clip.alpha_thw).mean() * 1000 for given in ways(clip).values()])
            _print(f"{kind} {seed}", rows[-1])
    _print("**mean**", np.mean(rows, axis=0))


def _given(option: str, numbers: NDArray[np.float64] | tuple[float, ...]) -> Given:
    return Given(option, ",".join(f"{number:g}" for number in numbers) + f"@{FIRST}")


def _print(name: str, values: NDArray[np.float64] | list[float]) -> None:
    sys.stdout.write(f"| {name} | " + " | ".join(f"{value:.1f}" for value in values) + " |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
