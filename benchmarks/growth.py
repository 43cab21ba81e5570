"""How cost grows: frames a second and memory as the shot gets longer or larger, with more objects and more prompts.

    python benchmarks/growth.py [--grows length resolution objects prompts] [--size 320x180] [--frames 34] [--json FILE]

`mam2 matte` with the starter on drawn hair of the usual extent, one thing varied at a time, a process a row. Objects
are alike, so that each has the same work. Clicks lie on frames of their own as far as there are frames: each after the
first is a correction. `extra_percent` is what one object or one prompt more adds to the processor time, of that with
one; `extra_memory_percent` likewise, of what one takes above the loaded model.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from alone import apart
from drawn import SUBJECTS
from end_to_end import Case, measured
from end_to_end import Row as Measured
from outcome import add_outcome_options, publish, size_of
from written_shot import write_shot

GROWS = ("length", "resolution", "objects", "prompts")
COUNTED = ("objects", "prompts")


@dataclass(frozen=True)
class Row:
    """One value of what is varied.

    Attributes:
        frames_per_second: by the clock.
        processor_s: a frame.
        extra_percent, extra_memory_percent: as above; None where nothing is counted.
    """

    grows: str
    value: str
    frames_per_second: float
    processor_s: float
    memory_mib: float
    gpu_mib: float | None
    extra_percent: float | None
    extra_memory_percent: float | None


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grows", nargs="+", choices=GROWS, default=GROWS, help="what is varied")
    parser.add_argument("--size", type=size_of, default=(320, 180), metavar="WIDTHxHEIGHT")
    parser.add_argument("--subject", choices=SUBJECTS, default="ordinary")
    parser.add_argument("--frames", type=int, default=34)
    parser.add_argument("--lengths", nargs="+", type=int, default=[25, 50, 100, 200], metavar="FRAMES")
    sizes = [(320, 180), (640, 360), (1280, 720), (2560, 1440)]
    parser.add_argument("--sizes", nargs="+", type=size_of, default=sizes, metavar="WIDTHxHEIGHT")
    parser.add_argument("--objects", nargs="+", type=int, default=[1, 2, 4, 8, 16], help="the first is 1")
    parser.add_argument("--prompts", nargs="+", type=int, default=[1, 8, 32], help="the first is 1")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add_outcome_options(parser)
    options = parser.parse_args()
    if options.objects[0] != 1 or options.prompts[0] != 1:
        parser.error("one more is compared with one: let --objects and --prompts begin with 1")
    torch.set_num_threads(options.threads)
    publish("growth", [row for grows in options.grows for row in _rows(grows, options)], options.json)
    return 0


def _rows(grows: str, options: argparse.Namespace) -> Iterator[Row]:
    """Measure one thing at its values."""
    values = {
        "length": options.lengths,
        "resolution": options.sizes,
        "objects": options.objects,
        "prompts": options.prompts,
    }[grows]
    alone: Measured | None = None
    for value in values:
        frames = value if grows == "length" else options.frames
        size = value if grows == "resolution" else options.size
        counts = {"objects": {"objects": value}, "prompts": {"clicks": value}}.get(grows, {})
        with tempfile.TemporaryDirectory() as folder:
            shot = write_shot(Path(folder) / "plates", frames, size, options.subject)
            case = Case("starter", shot, device=options.device, **counts)
            found = apart(measured, case)
        alone = alone or found
        row = Row(
            grows,
            f"{size[0]}x{size[1]}" if grows == "resolution" else str(value),
            found.frames_per_second,
            found.processor_s,
            found.memory_mib,
            found.gpu_mib,
            *(_extra(found, alone, value - 1) if grows in COUNTED and value > 1 else (None, None)),
        )
        print(row, file=sys.stderr, flush=True)
        yield row


def _extra(found: Measured, alone: Measured, more: int) -> tuple[float, float]:
    """Give what one more adds, in per cent of one's processor time and of one's memory."""
    time = found.processor_s / alone.processor_s - 1
    memory = (found.memory_mib - alone.memory_mib) / (alone.memory_mib - alone.loaded_mib)
    return 100 * time / more, 100 * memory / more


if __name__ == "__main__":
    sys.exit(main())
