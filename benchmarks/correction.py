"""What does a correction cost? Tracks a shot, clicks where a late frame is wrong, tracks again; by stage.

    python benchmarks/correction.py [--models starter] [--sizes 320x180] [--frames 40] [--at 25] [--json FILE]
    python benchmarks/correction.py --models sam2.1-t --sizes 320x180 --frames 6 --at 4 --objects 1 4

The shot is drawn smoke; the click goes where an artist would put it, into the middle of the largest error; of several
objects, which are alike, the first is corrected. Mattes are written as half EXR, plates come from memory. `sam2.1-*`
have seeded weights and true trimaps, so that the same mattes come out again and only the cost counts. `first` and
`again` are processor seconds a frame, of the same frames: those from the click on, for a shot's first frames have less
to recall. Fails when a frame takes more than a quarter of its first time to track again, or when a frame before the
click has changed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from alone import apart
from drawn import DrawnClip
from outcome import add_outcome_options, publish, size_of
from stage_clock import STAGES, StageClock
from subjects import TrueTrimaps, subject

from engine.contract.shot import Point, Settings, Shot, ShotObject
from engine.media.mattes import MatteWriter
from engine.session.features import FeatureCache
from engine.session.matting import MatterLimits
from engine.session.session import ShotSession

WANTED = 4.0
NAME = "smoke"


@dataclass(frozen=True)
class Row:
    """One stage of one shot: processor seconds a frame, of the same frames first tracked and after the correction.

    Attributes:
        share_percent: of the time after the correction.
        times_faster: first over again; None where a stage takes no time.
    """

    model: str
    plates: str
    objects: int
    stage: str
    first: float
    again: float
    share_percent: float
    times_faster: float | None


def main() -> int:
    """Run the benchmark; 0 when every second track was quick enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["starter"])
    parser.add_argument("--sizes", nargs="+", type=size_of, default=[(320, 180), (960, 540)], metavar="WIDTHxHEIGHT")
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--objects", nargs="+", type=int, default=[1], metavar="COUNT")
    parser.add_argument("--at", type=int, default=25, help="the frame that is corrected")
    add_outcome_options(parser)
    options = parser.parse_args()
    if not 1 < options.at <= options.frames:
        parser.error(f"frame {options.at} is no later frame of 1-{options.frames}")
    torch.set_num_threads(options.threads)
    rows: list[Row] = []
    kept = True
    for model, size, objects in product(options.models, options.sizes, options.objects):
        found, same = apart(_measured, model, size, options.frames, options.at, objects)
        rows += found
        kept = kept and same
    publish("correction", rows, options.json)
    slow = [row for row in rows if row.stage == "all" and (row.times_faster or 0) < WANTED]
    return 0 if kept and not slow else 1


def _measured(name: str, size: tuple[int, int], frames: int, at: int, objects: int) -> tuple[list[Row], bool]:
    """Track, correct and track again; give the stages, and whether the frames before the click kept their pixels."""
    plates, clock, model = DrawnClip(NAME, frames, *size), StageClock(), subject(name)
    trimaps = TrueTrimaps(model, plates.alphas_thw, objects)
    first = Point(1, *plates.click_xy)
    plates.display = clock.timed("plate", plates.display)  # type: ignore[method-assign]
    clock.watch(model)
    others = tuple(ShotObject(f"other{index}", (first,)) for index in range(1, objects))
    names = (NAME, *(thing.name for thing in others))
    shot = Shot(1, frames, *size, (ShotObject(NAME, (first,)), *others), Settings(direction="forward"))
    with tempfile.TemporaryDirectory() as folder:
        features = FeatureCache(folder=Path(folder) / "features")
        features.get = clock.timed("features", features.get)  # type: ignore[method-assign]
        writer = MatteWriter(folder, NAME, width=size[0], height=size[1], objects=names, layers=("alpha",))
        write = clock.timed("write", writer.write)
        with ShotSession(model, shot, plates, features=features, matter=MatterLimits(frames=1)) as session:
            before, once = _track(session, write, clock, since=at)
            click = _correction(before[at], plates.alpha(at), at)
            session.edit((ShotObject(NAME, (first, click)), *others))
            trimaps.restart(at - 1, objects=1)
            after, again = _track(session, write, clock, since=at)
            kept = all(np.array_equal(session.preview(t).objects[NAME].alpha_hw, before[t]) for t in (1, at - 1))
    changed = sum(not np.array_equal(after[t], before[t]) for t in after)
    plural = f"{changed} of {len(after)} mattes from frame {at} on changed"
    plates_of = f"{size[0]}x{size[1]}"
    print(f"{name} {plates_of}, {objects} objects: {plural}; before it kept: {kept}", file=sys.stderr, flush=True)
    return _rows(name, plates_of, objects, once, again), kept


def _track(
    session: ShotSession, write: Callable[..., Path], clock: StageClock, since: int
) -> tuple[dict[int, npt.NDArray[np.float32]], dict[str, float]]:
    """Give the alphas of what is tracked, and the seconds a frame by stage from frame `since` on."""
    alphas = {}
    clock.restart()
    start = time.perf_counter()
    for mattes in session.track():
        write(mattes.frame, mattes.objects)
        alphas[mattes.frame] = mattes.objects[NAME].alpha_hw
        if mattes.frame == since - 1:
            clock.restart()
            start = time.perf_counter()
    seconds = clock.stop()
    wall = time.perf_counter() - start
    timed = sum(frame >= since for frame in alphas)
    print(f"{timed} frames, {wall / timed:.3f} s a frame by the clock", file=sys.stderr, flush=True)
    return alphas, {stage: seconds.get(stage, 0.0) / timed for stage in STAGES}


def _correction(alpha_hw: npt.NDArray[np.float32], exact_hw: npt.NDArray[np.float32], frame: int) -> Point:
    """Give the click in the middle of the largest error, positive where the object was missed."""
    wrong = (alpha_hw > 0.5) != (exact_hw > 0.5)
    depth = cv2.distanceTransform(np.pad(wrong, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    return Point(frame, float(x) + 0.5, float(y) + 0.5, positive=bool(exact_hw[y, x] > 0.5))


def _rows(model: str, plates: str, objects: int, once: dict[str, float], again: dict[str, float]) -> list[Row]:
    total = sum(again.values())
    pairs = {**{stage: (once[stage], again[stage]) for stage in STAGES}, "all": (sum(once.values()), total)}
    return [
        Row(model, plates, objects, stage, first, second, 100 * second / total, first / second if second else None)
        for stage, (first, second) in pairs.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
