"""How right is the foreground's colour? Forty composites whose foreground is known, beside two other answers.

Twenty drawn subjects and twenty cut-outs before photographs of a pack (`engine.training.pictures.stills`), composed in
linear light. Where 0.05 < alpha < 0.95, the mean absolute difference from the true colour of: ours, pymatting's
multi-level estimator, and the plate taken for the foreground. Alpha is the true one for all.

    python benchmarks/foreground.py PACK [--size 768 432] [--time]
"""

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pymatting import estimate_foreground_ml

from engine.clips.drawn import KINDS, UNSEEN_SEED, render_linear
from engine.clips.drawn.noise import child
from engine.evaluation.pictures.staging import STILL, Stage, background, cutout
from engine.evaluation.pictures.studio import Studio
from engine.session.foreground import foreground
from engine.training.pictures.stills import read_pack

Floats = NDArray[np.float32]

EACH = 20
_STREAM = 137  # of chance


@dataclass(frozen=True)
class Composite:
    """A plate in linear light with what it was made of; plate = foreground * alpha + behind * (1 - alpha).

    Attributes:
        name: kind and number.
        plate_hwc: (H, W, 3) float32.
        alpha_hw: (H, W) float32 of 0..1.
        foreground_hwc: (H, W, 3) float32, straight; the plate where alpha is 0.
        behind_hwc: (H, W, 3) float32.
    """

    name: str
    plate_hwc: Floats
    alpha_hw: Floats
    foreground_hwc: Floats
    behind_hwc: Floats


def drawn(number: int, size_wh: tuple[int, int]) -> Composite:
    """Draw a subject of any kind before a drawn background."""
    clip = render_linear(UNSEEN_SEED + number, kind=KINDS[number % len(KINDS)], frames=2, size_hw=size_wh[::-1])
    return Composite(
        f"{clip.kind}-{number:02d}",
        clip.plates_thwc[1],
        clip.alpha_thw[1],
        clip.foreground_thwc[1],
        clip.background_thwc[1],
    )


def photographed(number: int, studio: Studio, size_wh: tuple[int, int]) -> Composite:
    """Set a cut-out before a photograph."""
    stage, rng = Stage.of(*size_wh), child(UNSEEN_SEED + number, _STREAM)
    kinds = tuple(studio.cutouts)
    kind = kinds[number % len(kinds)]
    picture = studio.cutout(kind, number // len(kinds))
    plate = studio.background(number, stage)
    back = background(plate, stage, stage.path(rng, (0.5, 0.5), STILL, 1), 1, rng)
    front = cutout(picture, stage, stage.path(rng, (0.5, 0.5), STILL, 1), 1, rng, 0.9)
    width, height = size_wh
    behind = back.render(0, 0.0, stage.size)[:height, :width, :3]
    shown = front.render(0, 0.0, stage.size)[:height, :width]
    alpha = np.clip(shown[..., 3], 0, 1)
    straight = shown[..., :3] / np.maximum(alpha, 1e-6)[..., None]
    mixed = shown[..., :3] + behind * (1 - alpha)[..., None]
    return Composite(f"{kind}-{number:02d}", *(np.ascontiguousarray(x) for x in (mixed, alpha, straight, behind)))


def composites(pack: Path, size_wh: tuple[int, int]) -> Iterator[Composite]:
    """Give all, always the same ones."""
    studio = _studio(pack)
    yield from (drawn(number, size_wh) for number in range(EACH))
    yield from (photographed(number, studio, size_wh) for number in range(EACH))


def measure(one: Composite) -> tuple[float, float, float, float]:
    """Give mean absolute errors, in 255ths of linear light: the plate's, pymatting's, ours, and our recomposition's."""
    shown = (one.alpha_hw > 0.05) & (one.alpha_hw < 0.95)
    found = foreground(_tensor(one.plate_hwc), torch.from_numpy(one.alpha_hw)[None, None])
    fg, bg = (part[0].permute(1, 2, 0).numpy() for part in (found.fg_13hw, found.bg_13hw))
    # Its own answers are bounded by 1: it is given the plate so that nothing is above.
    most = max(1.0, float(one.plate_hwc.max()))
    theirs = estimate_foreground_ml((one.plate_hwc / most).astype(np.float64), one.alpha_hw.astype(np.float64)) * most
    alpha = one.alpha_hw[..., None]
    again = np.abs(fg * alpha + bg * (1 - alpha) - one.plate_hwc)[(one.alpha_hw > 0) & (one.alpha_hw < 1)]
    errors = [np.abs(x - one.foreground_hwc)[shown].mean() for x in (one.plate_hwc, theirs, fg)]
    plate, multi_level, ours, recomposed = (255 * float(x) for x in (*errors, again.mean()))
    return plate, multi_level, ours, recomposed


def clock(studio: Studio, size_wh: tuple[int, int]) -> None:
    """Say what an ordinary subject takes: a keyed cut-out, seven tenths of the plate high."""
    one = photographed(1, studio, size_wh)
    plate, alpha = _tensor(one.plate_hwc), torch.from_numpy(one.alpha_hw)[None, None]
    unknown = float(((alpha > 0) & (alpha < 1)).float().mean())
    for _ in range(3):
        wall, processor = time.perf_counter(), time.process_time()
        foreground(plate, alpha)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        took = f"{wall:.2f} s, processor {processor:.2f} s"
        print(f"{size_wh}, {unknown:.1%} unknown, {torch.get_num_threads()} threads: {took}")
    print(f"most memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def main() -> None:
    """Print a row for every composite and the means, or times."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("pack", type=Path)
    options.add_argument("--size", type=int, nargs=2, default=(768, 432), metavar=("WIDTH", "HEIGHT"))
    options.add_argument("--time", action="store_true", help="time it at this size instead of judging it")
    given = options.parse_args()
    size = (given.size[0], given.size[1])
    if given.time:
        clock(_studio(given.pack), size)
        return
    rows = []
    for one in composites(given.pack, size):
        rows.append(measure(one))
        print(f"{one.name:12}" + "".join(f"{value:9.3f}" for value in rows[-1]), flush=True)
    plate, theirs, ours, recomposed = np.mean(rows, axis=0)
    print(f"mean: plate {plate:.2f}, multi-level {theirs:.2f}, ours {ours:.2f} ({ours / theirs:.2f} of multi-level's)")
    print(f"recomposed with its own background: {recomposed:.4f}/255")


def _studio(pack: Path) -> Studio:
    return Studio.of(read_pack(pack, "dev", {"A", "SA", "B"}))


def _tensor(image_hwc: Floats) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(image_hwc.transpose(2, 0, 1)))[None]


if __name__ == "__main__":
    main()
