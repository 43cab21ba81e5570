"""How long after a click is its matte there? Previews the first frame of a shot, then a correction on it.

    python benchmarks/preview.py [--models starter] [--sizes 1920x1080] [--subjects ordinary worst] [--json FILE]

The model is loaded. The first click includes reading and encoding the plate; the correction has its features. The best
of several rounds, each on a session of its own.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch
from alone import apart
from drawn import SUBJECTS
from outcome import add_outcome_options, publish, size_of
from subjects import TrueTrimaps, subject
from written_shot import WrittenShot, write_shot

from engine.contract.shot import Point, Settings, Shot, ShotObject
from engine.media.colour import DisplayTransform
from engine.media.plates import DisplayPlates, open_plates
from engine.model.mam2 import MAM2
from engine.session.session import ShotSession


@dataclass(frozen=True)
class Row:
    """One model on one subject in plates of one size: seconds from a click to its matte."""

    model: str
    plates: str
    subject: str
    first_click_s: float
    correction_s: float


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["starter", "sam2.1-t"])
    parser.add_argument("--sizes", nargs="+", type=size_of, default=[(1920, 1080)], metavar="WIDTHxHEIGHT")
    parser.add_argument("--subjects", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    parser.add_argument("--rounds", type=int, default=3)
    add_outcome_options(parser)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = []
    for size, kind in product(options.sizes, options.subjects):
        with tempfile.TemporaryDirectory() as folder:
            shot = write_shot(Path(folder) / "plates", 2, size, kind)
            for name in options.models:
                first, second = apart(_quickest, name, shot, options.rounds)
                rows.append(Row(name, f"{shot.width}x{shot.height}", kind, first, second))
    publish("preview", rows, options.json)
    return 0


def _quickest(name: str, shot: WrittenShot, rounds: int) -> tuple[float, float]:
    """Give the fewest seconds of a first click and of a correction."""
    model = subject(name)
    trimaps = TrueTrimaps(model, shot.alphas_thw)
    firsts, seconds = zip(*(_clicks(model, trimaps, shot) for _ in range(rounds)), strict=True)
    return min(firsts), min(seconds)


def _clicks(model: MAM2, trimaps: TrueTrimaps, written: WrittenShot) -> tuple[float, float]:
    """Give the seconds of a first click and of a correction on the same frame."""
    thing = written.objects()[0]
    shot = Shot(1, written.frames, written.width, written.height, (thing,), Settings(direction="forward"))
    corrected = ShotObject(thing.name, (*thing.prompts, Point(1, 1.0, 1.0, positive=False)))
    with tempfile.TemporaryDirectory() as folder, open_plates(written.plates) as source:
        plates = DisplayPlates(source, DisplayTransform(None, source.encoding))
        with ShotSession(model, shot, plates, folder=Path(folder)) as session:
            trimaps.restart()
            start = time.perf_counter()
            session.preview(1)
            first = time.perf_counter() - start
            session.edit((corrected,))
            trimaps.restart()
            start = time.perf_counter()
            session.preview(1)
            second = time.perf_counter() - start
        plates.close()
    return first, second


if __name__ == "__main__":
    sys.exit(main())
