"""Does memory stay the same over a long shot? Streams a clip and compares the process's size early and late.

    python benchmarks/long_clip.py --frames 2000

Prints the resident size at frame 200, the highest after it, and the difference in per cent; fails above 5 per cent.
"""

import argparse
import sys
import time

import psutil
import torch
from clips import DriftingDisc, seeded_starter

from engine.contract.shot import Point, Settings, Shot, ShotObject
from engine.session.session import ShotSession

WARM = 200
ALLOWED = 0.05


def main() -> int:
    """Run the benchmark; 0 when memory stayed within the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--size", type=int, nargs=2, default=(320, 180), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    width, height = options.size
    thing = ShotObject("disc", (Point(1, width / 2, height / 2),))
    shot = Shot(1, options.frames, width, height, (thing,), Settings(direction="forward"))
    process = psutil.Process()
    early, peak, unknown, start = 0, 0, 0, time.perf_counter()
    with ShotSession(seeded_starter(), shot, DriftingDisc(width, height)) as session:
        for mattes in session.track():
            size = process.memory_info().rss
            unknown += int((mattes.objects["disc"].trimap_hw == 0.5).any())
            if mattes.frame == WARM:
                early = size
            peak = max(peak, size) if mattes.frame >= WARM else 0
            if mattes.frame % WARM == 0:
                print(f"frame {mattes.frame}: {size / 2**20:.1f} MiB", flush=True)
    seconds = time.perf_counter() - start
    growth = peak / early - 1 if early else float("nan")
    print(f"{options.frames} frames in {seconds:.0f} s, {seconds / options.frames:.3f} s a frame")
    print(f"frames with work for the matter: {unknown}")
    print(f"at frame {WARM}: {early / 2**20:.1f} MiB; peak after it: {peak / 2**20:.1f} MiB; growth {growth:+.1%}")
    return 0 if growth <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
