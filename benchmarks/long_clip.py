"""Does memory stay the same over a long shot? Streams a clip and compares the process's size early and late.

    python benchmarks/long_clip.py --frames 20000 --size 96x64 [--json FILE]

Prints the resident size along the shot as a Markdown table, and how far the largest after frame 500 lies above the
largest of the hundred frames before it; fails above 3 per cent. A hundred, because the size changes from frame to frame
with what the allocator has given back. The first 500 frames fill what has a limit: features in memory, and the
kernels that are made once for each size of crop.
"""

import argparse
import sys
import time
from dataclasses import dataclass

import psutil
import torch
from alone import apart
from clips import DriftingDisc
from outcome import add_outcome_options, publish, size_of
from subjects import SHIPPED, subject

from engine.contract.shot import Point, Settings, Shot, ShotObject
from engine.session.session import ShotSession

WARM = 500
SETTLING = 100
ALLOWED = 0.03
ROWS = 20


@dataclass(frozen=True)
class Row:
    """The process after one frame.

    Attributes:
        frame: its number.
        resident_mib: size now.
        peak_mib: largest since frame WARM - SETTLING, or before that since the start.
        growth_percent: of the largest since frame WARM above the largest of the SETTLING frames before; None earlier.
        seconds: since the start, by the clock.
    """

    frame: int
    resident_mib: float
    peak_mib: float
    growth_percent: float | None
    seconds: float


def main() -> int:
    """Run the benchmark; 0 when memory stayed within the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=2000, help=f"more than {WARM}")
    parser.add_argument("--size", type=size_of, default=(320, 180), metavar="WIDTHxHEIGHT")
    add_outcome_options(parser)
    options = parser.parse_args()
    if options.frames <= WARM:
        parser.error(f"a shot of {options.frames} frames ends before frame {WARM + 1}")
    torch.set_num_threads(options.threads)
    rows, unknown = apart(_measured, options.frames, *options.size)
    publish("long_clip", rows, options.json)
    print(f"frames with work for the matter: {unknown} of {options.frames}")
    growth = rows[-1].growth_percent
    return 0 if growth is not None and growth <= 100 * ALLOWED else 1


def _measured(frames: int, width: int, height: int) -> tuple[list[Row], int]:
    """Stream the clip; give rows along it and the number of frames that had unknown pixels."""
    thing = ShotObject("disc", (Point(1, width / 2, height / 2),))
    shot = Shot(1, frames, width, height, (thing,), Settings(direction="forward"))
    process = psutil.Process()
    marks = {WARM, frames, *range(0, frames, max(frames // ROWS, 1))}
    rows: list[Row] = []
    early, peak, unknown, start = 0.0, 0.0, 0, time.perf_counter()
    with ShotSession(subject(SHIPPED), shot, DriftingDisc(width, height)) as session:
        for mattes in session.track():
            frame, size = mattes.frame, process.memory_info().rss / 2**20
            unknown += int((mattes.objects["disc"].trimap_hw == 0.5).any())
            if frame == WARM - SETTLING:
                peak = 0.0
            peak = max(peak, size)
            if frame == WARM:
                early = peak
            if frame in marks:
                growth = 100 * (peak / early - 1) if early else None
                rows.append(Row(frame, size, peak, growth, time.perf_counter() - start))
                print(f"frame {frame}: {size:.1f} MiB", file=sys.stderr, flush=True)
    return rows, unknown


if __name__ == "__main__":
    sys.exit(main())
