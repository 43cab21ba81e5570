"""How does the engine compare with what one would wire up today? The same plates, the same machine, the same run.

    python benchmarks/peers.py [--size 1920x1080] [--frames 3] [--rounds 3] [--json FILE]
    python benchmarks/peers.py --size 320x180 --frames 2 --rounds 1 --subjects ordinary

Contenders: this engine (`peers_ours.py`); SAM 2's video predictor with ViTMatte-S of transformers on whole plates, and
the predictor alone, which stops at a mask (`peers_sam2.py`); with `--bfloat16` both once more under autocast. Every run
is a process of its own with so many threads, and contenders take turns. Weights are seeded, and the matters are given
the same true trimap after each contender has made its own. What weights know changes cost in one place: our matter's
routers choose the tokens that get full attention. Seeded, they keep more than the quarter that training aims at.

`first s` is from the plates on disk to the first alpha; loading all plates is in it for the predictor, which does so
before it begins. `frame s` is a frame after that, which recalls as many frames before it as there are, up to six. Both
are medians over rounds; `ours times faster` is the median of each round's own ratio. `memory mib` is the most of any
round, the libraries included; `ours memory percent` is ours of it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

import torch
from outcome import add_outcome_options, publish, size_of
from peers_truth import SUBJECTS, draw_shot

from engine.model.ready.memory import prepared

OURS = "ours"
_SAM2 = ("peers_sam2.py",)
CONTENDERS: dict[str, tuple[str, ...]] = {
    OURS: ("peers_ours.py",),
    "sam2 + ViTMatte-S": (*_SAM2, "--matter"),
    "sam2 alone": _SAM2,
}
IN_BFLOAT16 = {
    f"{name}, bfloat16": (*program, "--bfloat16") for name, program in CONTENDERS.items() if program[0] == _SAM2[0]
}
PUBLISHED = (
    "Robust Video Matting, which mattes people only and is not run here (GPL-3.0), by its own publication: HD at 104 "
    "frames a second on a GTX 1080 Ti (float32), 172 on an RTX 3090 (float16), tensors only."
)


@dataclass(frozen=True)
class Run:
    """One contender's way through a shot: the seconds of each frame, and the most bytes of memory."""

    seconds: tuple[float, ...]
    most_memory: int

    @property
    def frame_s(self) -> float:
        """Seconds of a tracked frame, on average."""
        return mean(self.seconds[1:])


@dataclass(frozen=True)
class Row:
    """One contender on one shot, as above; None where it would be compared with itself."""

    subject: str
    plates: str
    unknown_percent: float
    contender: str
    first_s: float
    frame_s: float
    memory_mib: float
    ours_times_faster: float | None
    ours_memory_percent: float | None


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=size_of, default=(1920, 1080), metavar="WIDTHxHEIGHT")
    parser.add_argument("--frames", type=int, default=3, help="the prompted one and those tracked; at least 2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--subjects", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    parser.add_argument("--bfloat16", action="store_true", help="the peers in bfloat16 too")
    parser.add_argument("--device", default="cpu")
    add_outcome_options(parser)
    options = parser.parse_args()
    if options.frames < 2 or options.rounds < 1:
        parser.error("needs a frame behind the prompted one, and a round")
    torch.set_num_threads(options.threads)
    contenders = {**CONTENDERS, **(IN_BFLOAT16 if options.bfloat16 else {})}
    rows = []
    for subject in options.subjects:
        with tempfile.TemporaryDirectory() as folder:
            shot = draw_shot(Path(folder), subject, options.frames, options.size)
            words = ("--device", options.device, "--threads", str(options.threads))
            runs = _rounds(contenders, shot.folder, options.rounds, words)
            size = "x".join(map(str, options.size))
            rows += compared(subject, size, shot.unknown_percent(), runs)
    publish("peers", rows, options.json)
    print(f"\n{PUBLISHED}")


def compared(subject: str, plates: str, unknown_percent: float, runs: dict[str, list[Run]]) -> list[Row]:
    """Set contenders beside ours.

    Args:
        subject: of SUBJECTS.
        plates: their size.
        unknown_percent: of the plates.
        runs: by contender, one a round; ours is among them, and as many of each.
    """
    ours = runs[OURS]
    rows = []
    for name, theirs in runs.items():
        memory = max(run.most_memory for run in theirs)
        faster = median(their.frame_s / our.frame_s for their, our in zip(theirs, ours, strict=True))
        share = 100 * max(run.most_memory for run in ours) / memory
        rows.append(
            Row(
                subject,
                plates,
                unknown_percent,
                name,
                first_s=median(run.seconds[0] for run in theirs),
                frame_s=median(run.frame_s for run in theirs),
                memory_mib=memory / 2**20,
                ours_times_faster=None if name == OURS else faster,
                ours_memory_percent=None if name == OURS else share,
            )
        )
    return rows


def _rounds(
    contenders: dict[str, tuple[str, ...]], shot: Path, rounds: int, shared: tuple[str, ...]
) -> dict[str, list[Run]]:
    """Let contenders take turns at a shot, with the words that all are given; give the runs of each."""
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, (program, *words) in contenders.items():
            path = Path(__file__).with_name(program)
            command = [sys.executable, str(path), str(shot), *words, *shared]
            bare = {key: value for key, value in os.environ.items() if key not in prepared({})}
            environment = prepared(bare) if name == OURS else bare
            done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)  # noqa: S603
            if done.returncode:
                sys.exit(f"{done.stderr}\n{name} stopped in round {number + 1}")
            said = json.loads(done.stdout.splitlines()[-1])
            run = Run(tuple(said["seconds"]), said["most_memory"])
            runs[name].append(run)
            each = " ".join(f"{seconds:.2f}" for seconds in run.seconds)
            print(
                f"round {number + 1}, {name}: {each} s, {run.most_memory / 2**20:.0f} MiB", file=sys.stderr, flush=True
            )
    return runs


if __name__ == "__main__":
    main()
