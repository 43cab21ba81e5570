"""What large plates and many objects cost: seconds and memory of the first frames of a shot, a process a row.

    python benchmarks/large.py [--json FILE]
    python benchmarks/large.py --models starter --sizes 8192x4320
    python benchmarks/large.py --models starter --sizes 960x540 --objects 1 16 --frames 3

The shot is drawn smoke, enlarged, so that the same share of every plate is unknown. Objects are alike: each is the same
click under another name, so that each has the same work. `sam2.1-*` have seeded weights and true trimaps. Plates come
from memory and mattes are not written. `memory` is the most that the process had, and `loaded` what it had with the
model loaded and nothing matted.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import psutil
import torch
from alone import apart
from drawn import DrawnClip
from outcome import add_outcome_options, most_memory, publish, size_of
from subjects import TrueTrimaps, subject

from engine.contract.shot import Point, Settings, Shot, ShotObject
from engine.session.matting import MatterLimits
from engine.session.session import ShotSession


@dataclass(frozen=True)
class Row:
    """One model on one size of plates with so many objects.

    Attributes:
        unknown_percent: of an object's pixels, on average.
        processor_s, wall_s: a frame, the first included.
        memory_mib, loaded_mib: as above.
        memory_an_object_mib, extra_object_percent: what one object more adds, in memory and in processor time against
            a frame with one object; None without a row of one object to compare with.
    """

    model: str
    plates: str
    objects: int
    frames: int
    unknown_percent: float
    processor_s: float
    wall_s: float
    memory_mib: float
    loaded_mib: float
    memory_an_object_mib: float | None = None
    extra_object_percent: float | None = None


@dataclass(frozen=True)
class Case:
    """What a row is measured on."""

    model: str
    size: tuple[int, int]
    objects: int
    frames: int
    tile: int


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["starter", "sam2.1-t"])
    sizes = [(960, 540), (4096, 2160), (8192, 4320)]
    parser.add_argument("--sizes", nargs="+", type=size_of, default=sizes, metavar="WIDTHxHEIGHT")
    parser.add_argument("--objects", nargs="+", type=int, default=[1])
    parser.add_argument("--frames", type=int, default=1)
    parser.add_argument("--tile", type=int, default=MatterLimits().tile, help="longest side that the matter sees")
    add_outcome_options(parser)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cases = [
        Case(*what, options.frames, options.tile) for what in product(options.models, options.sizes, options.objects)
    ]
    publish("large", list(_measured(cases)), options.json)
    return 0


def _measured(cases: list[Case]) -> Iterator[Row]:
    """Measure each case in a process of its own, and compare it with its like of one object."""
    alone: dict[tuple[str, str], Row] = {}
    for case in cases:
        row = apart(_row, case)
        print(row, file=sys.stderr, flush=True)
        one = alone.get((row.model, row.plates))
        if row.objects == 1:
            alone[row.model, row.plates] = row
        yield _compared(row, one) if one else row


def _compared(row: Row, one: Row) -> Row:
    more = row.objects - one.objects
    return Row(
        **{
            **vars(row),
            "memory_an_object_mib": (row.memory_mib - one.memory_mib) / more,
            "extra_object_percent": 100 * (row.processor_s / one.processor_s - 1) / more,
        }
    )


def _row(case: Case) -> Row:
    width, height = case.size
    plates = DrawnClip("smoke", case.frames, width, height)
    click = Point(1, *plates.click_xy)
    things = tuple(ShotObject(f"object{index}", (click,)) for index in range(case.objects))
    shot = Shot(1, case.frames, width, height, things, Settings(direction="forward"))
    model = subject(case.model)
    TrueTrimaps(model, plates.alphas_thw, case.objects)
    loaded, busy, start = psutil.Process().memory_info().rss, time.process_time(), time.perf_counter()
    unknown = []
    limits = MatterLimits(tile=case.tile, overlap=min(MatterLimits().overlap, case.tile // 2))
    with ShotSession(model, shot, plates, matter=limits) as session:
        for mattes in session.track():
            unknown += [float(np.mean(matte.trimap_hw == 0.5)) for matte in mattes.objects.values()]
    return Row(
        model=case.model,
        plates=f"{width}x{height}",
        objects=case.objects,
        frames=case.frames,
        unknown_percent=100 * float(np.mean(unknown)),
        processor_s=(time.process_time() - busy) / case.frames,
        wall_s=(time.perf_counter() - start) / case.frames,
        memory_mib=most_memory() / 2**20,
        loaded_mib=loaded / 2**20,
    )


if __name__ == "__main__":
    sys.exit(main())
