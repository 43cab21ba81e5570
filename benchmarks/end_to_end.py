"""Frames a second and memory of `mam2 matte` from plates on disk to mattes on disk, a process a row.

    python benchmarks/end_to_end.py [--models starter sam2.1-t] [--sizes 512x288 1920x1080] [--frames 8] [--json FILE]

Two drawn shots, enlarged, so that the matter has the same share of the plate to do at every size: hair of the usual
extent, and smoke that fills most of the plate. Two frames are matted before the clock starts, and the model is loaded
by then. `sam2.1-*` have seeded weights and true trimaps. Memory is the most that the process had, on the GPU the most
that PyTorch reserved.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import psutil
import torch
from alone import apart
from drawn import SUBJECTS
from outcome import add_outcome_options, most_memory, publish, size_of
from subjects import TrueTrimaps, subject
from written_shot import WrittenShot, write_prompts, write_shot

from engine.cli.matte.request import MatteRequest
from engine.cli.matte.run import run_matte

SIZES = [(512, 288), (1920, 1080), (4096, 2160)]
WARM = 2


@dataclass(frozen=True)
class Case:
    """What a row is measured on."""

    model: str
    shot: WrittenShot
    objects: int = 1
    clicks: int = 1
    device: str = "cpu"


@dataclass(frozen=True)
class Row:
    """One model on plates of one size.

    Attributes:
        unknown_percent: of the plate, as the matter meets it.
        frames: matted while the clock ran.
        wall_s, processor_s: a frame.
        memory_mib: on the host; with the model loaded and nothing matted it was `loaded_mib`.
        gpu_mib: None without a GPU.
    """

    model: str
    plates: str
    subject: str
    unknown_percent: float
    frames: int
    frames_per_second: float
    wall_s: float
    processor_s: float
    memory_mib: float
    loaded_mib: float
    gpu_mib: float | None


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--subjects", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    options = parser.parse_args()
    if options.frames <= WARM:
        parser.error(f"the first {WARM} frames are matted before the clock starts: give more")
    torch.set_num_threads(options.threads)
    rows = []
    for size, name in product(options.sizes, options.subjects):
        with tempfile.TemporaryDirectory() as folder:
            shot = write_shot(Path(folder) / "plates", options.frames, size, name)
            for model in options.models:
                rows.append(apart(measured, Case(model, shot, device=options.device)))
                print(rows[-1], file=sys.stderr, flush=True)
    publish("end_to_end", rows, options.json)
    return 0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the programs that matte drawn shots have in common."""
    on_gpu = torch.cuda.is_available()
    models = ["starter", "sam2.1-t", *(["sam2.1-l"] if on_gpu else [])]
    parser.add_argument("--models", nargs="+", default=models)
    parser.add_argument("--sizes", nargs="+", type=size_of, default=SIZES, metavar="WIDTHxHEIGHT")
    parser.add_argument("--frames", type=int, default=8, help="of the shot")
    parser.add_argument("--device", default="cuda" if on_gpu else "cpu")
    add_outcome_options(parser)


def measured(case: Case) -> Row:
    """Matte the shot as the command line does; call it in a fresh process."""
    shot, model = case.shot, subject(case.model, case.device)
    loaded = psutil.Process().memory_info().rss
    trimaps = TrueTrimaps(model, shot.alphas_thw, case.objects)
    unknown: list[int] = []
    model.matter.register_forward_pre_hook(lambda _, given: unknown.append(int((given[1] == 0.5).sum())))
    with tempfile.TemporaryDirectory() as folder:
        prompts = write_prompts(Path(folder) / "prompts.json", shot.objects(case.objects, case.clicks))
        short = write_prompts(Path(folder) / "short.json", shot.objects(case.objects))

        def matte(last: int, prompts_file: Path) -> float:
            trimaps.restart()
            request = MatteRequest(
                shot.plates,
                Path(folder) / f"mattes{last}",
                prompts_file=prompts_file,
                range=(1, last),
                settings={"direction": "forward"},
                device=case.device,
                name="matte",
            )
            return run_matte(request, load=lambda *_: model).seconds

        matte(WARM, short)
        unknown.clear()
        busy = time.process_time()
        wall = matte(shot.frames, prompts)
        busy = time.process_time() - busy
    gpu = torch.cuda.max_memory_reserved() / 2**20 if torch.device(case.device).type == "cuda" else None
    return Row(
        model=case.model,
        plates=f"{shot.width}x{shot.height}",
        subject=shot.subject,
        unknown_percent=100 * sum(unknown) / (shot.frames * case.objects * shot.width * shot.height),
        frames=shot.frames,
        frames_per_second=shot.frames / wall,
        wall_s=wall / shot.frames,
        processor_s=busy / shot.frames,
        memory_mib=most_memory() / 2**20,
        loaded_mib=loaded / 2**20,
        gpu_mib=gpu,
    )


if __name__ == "__main__":
    sys.exit(main())
