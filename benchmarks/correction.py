"""What does a correction cost? Tracks a shot, clicks on a later frame, tracks again.

    python benchmarks/correction.py

Prints the processor time of both and their ratio, and checks that frames before the click keep their pixels; fails when
the second track takes more than half of the first.
"""

import argparse
import sys
import time

import numpy as np
import torch
from clips import DriftingDisc, seeded_starter

from engine.contract.shot import Point, Settings, Shot, ShotObject
from engine.session.session import ShotSession

ALLOWED = 0.5


def main() -> int:
    """Run the benchmark; 0 when the second track was quick enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--at", type=int, default=60)
    parser.add_argument("--size", type=int, nargs=2, default=(320, 180), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    width, height = options.size
    first = Point(1, width / 2, height / 2)
    click = Point(options.at, width / 10, height / 10, positive=False)
    shot = Shot(1, options.frames, width, height, (ShotObject("disc", (first,)),), Settings(direction="forward"))
    with ShotSession(seeded_starter(), shot, DriftingDisc(width, height)) as session:
        before, once = _track(session)
        session.edit((ShotObject("disc", (first, click)),))
        after, again = _track(session)
        kept = all(np.array_equal(session.preview(t).objects["disc"].alpha_hw, before[t]) for t in (1, options.at - 1))
    changed = sum(not np.array_equal(after[t], before[t]) for t in after)
    print(f"first track: {len(before)} frames, {once:.1f} s, {once / len(before):.3f} s a frame")
    print(f"after the correction: {len(after)} frames, {again:.1f} s, {again / len(after):.3f} s a frame")
    print(f"mattes that changed: {changed} of {len(after)}; frames before it kept: {kept}")
    print(f"ratio: {again / once:.2f}")
    return 0 if kept and again <= ALLOWED * once else 1


def _track(session: ShotSession) -> tuple[dict[int, np.ndarray], float]:
    start = time.process_time()
    mattes = {one.frame: one.objects["disc"].alpha_hw for one in session.track()}
    return mattes, time.process_time() - start


if __name__ == "__main__":
    sys.exit(main())
