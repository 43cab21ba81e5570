"""Does an engine stay the same over a day's work? Shot after shot is previewed, tracked, corrected and tracked again.

    python benchmarks/day.py --shots 100 [--json FILE]

One engine with a store of its own has one shot after another, of all sizes in turn, half of them smoke, every third
with two objects. A host sends plates, previews a click, tracks, corrects, tracks again and reads the mattes; the
store's budget lets the oldest shots go. Prints along the day what the worker and the engine hold: resident memory, open
files, threads, files on disk; and at the end what the worker has when it had nothing to do for a while.

Fails when the worker's largest size after half of the day is 3 per cent above the largest of the quarter before it, or
anything is left of the worker once the engine has ended.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import torch
from drawn import SUBJECTS, DrawnClip
from outcome import add_outcome_options, publish
from own_engine import own_engine

from engine.contract.client import EngineClient
from engine.contract.shot import Point, Settings, ShotObject
from engine.service.housekeeping import size_of

FRAMES = 6
SIZES = ((640, 360), (1920, 1080), (960, 540), (1280, 720), (1998, 1080))
BUDGET = 1 << 30
IDLE_REST = 30  # seconds without work: shorter than an engine's own, and longer than any pause between two shots
SETTLING = 45  # seconds in which the store makes room, of which the worker hears
ALLOWED = 0.03
ROWS = 20


@dataclass(frozen=True)
class Row:
    """The engine after one shot.

    Attributes:
        shot: its number.
        worker_mib, engine_mib: resident size now.
        worker_files, engine_files: open now.
        threads: of both.
        store_mib, working_mib: on disk now.
        seconds: from the first click to the last matte.
    """

    shot: int
    worker_mib: float
    engine_mib: float
    worker_files: int
    engine_files: int
    threads: int
    store_mib: float
    working_mib: float
    seconds: float


def main() -> int:
    """Run the benchmark; 0 when memory stayed within the limit and nothing was left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=100, help="with fewer memory has not settled at half of them")
    add_outcome_options(parser)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory(prefix="m2day") as name:
        folder = Path(name)
        store, temporary = folder / "store", folder / "temporary"
        temporary.mkdir()
        settings = {
            "MAM2_STORE_BYTES": str(BUDGET),
            "MAM2_IDLE_REST": str(IDLE_REST),
            "OMP_NUM_THREADS": str(options.threads),
            "TMPDIR": str(temporary),
        }
        with own_engine(folder, **settings) as (engine, process):
            rows = list(_day(engine, process, store, options.shots))
            time.sleep(IDLE_REST + SETTLING)
            rested = _worker(engine).memory_info().rss / 2**20
        left = [*(store / "working").iterdir(), *temporary.glob("mam2*")]
    publish("day", rows[-1 :: -max(len(rows) // ROWS, 1)][::-1], options.json)
    growth = _growth([row.worker_mib for row in rows])
    print(f"after a while without work the worker has {rested:.0f} MiB")
    print(f"the worker grew by {100 * growth:.1f} % in the second half; left behind: {[path.name for path in left]}")
    return 0 if growth <= ALLOWED and not left else 1


def _growth(sizes: list[float]) -> float:
    half = len(sizes) // 2
    return max(sizes[half:]) / max(sizes[half // 2 : half]) - 1


def _day(engine: EngineClient, process: psutil.Process, store: Path, shots: int) -> Iterator[Row]:
    for number in range(shots):
        seconds = _shot(engine, number)
        worker = _worker(engine)
        row = Row(
            shot=number,
            worker_mib=worker.memory_info().rss / 2**20,
            engine_mib=process.memory_info().rss / 2**20,
            worker_files=worker.num_fds(),
            engine_files=process.num_fds(),
            threads=worker.num_threads() + process.num_threads(),
            store_mib=size_of(store / "shots") / 2**20,
            working_mib=size_of(store / "working") / 2**20,
            seconds=seconds,
        )
        print(row, file=sys.stderr, flush=True)
        yield row


def _worker(engine: EngineClient) -> psutil.Process:
    (device,) = engine.status()["devices"]
    return psutil.Process(device["pid"])


def _shot(engine: EngineClient, number: int) -> float:
    """Do what an artist does with one shot; give its seconds."""
    width, height = SIZES[number % len(SIZES)]
    kind, seed = tuple(SUBJECTS.values())[number % 2]
    clip = DrawnClip(kind, FRAMES, width, height, seed + number)
    name = f"sh{number:04d}"
    settings = Settings(direction="both" if number % 4 == 3 else "forward", colourspace="sRGB Encoded Rec.709 (sRGB)")
    click = Point(1, *clip.click_xy)
    things = [ShotObject("subject", (click,))]
    if number % 3 == 2:
        things.append(ShotObject("second", (Point(1, width - click.x, height - click.y),)))
    engine.declare(name, 1, FRAMES, width, height, objects=tuple(things), settings=settings)
    for frame in range(1, FRAMES + 1):
        engine.put_pixels(name, frame, clip.display(frame).astype(np.float16).tobytes(), (height, width, 3))
    began = time.perf_counter()
    engine.wait(engine.preview(name, 1))
    engine.wait(engine.track(name))
    middle = Point(FRAMES // 2, click.x + width / 20, click.y)
    corrected = (ShotObject("subject", (click, middle)), *things[1:])
    engine.put_prompts(name, corrected)
    engine.wait(engine.preview(name, FRAMES // 2))
    engine.wait(engine.track(name))
    covered = [
        float(np.frombuffer(engine.get_layer(name, frame)[0], np.float16).mean()) for frame in range(1, FRAMES + 1)
    ]
    if not 0 < statistics.mean(covered) < 1:
        print(f"{name}: its mattes are empty or full", file=sys.stderr)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
