"""Where a frame's time goes, stage by stage, against what the machine can do at best; a process a model and size.

    python benchmarks/stages.py [--models starter sam2.1-t] [--sizes 512x288 1920x1080] [--frames 8] [--json FILE]

A shot is tracked three times, one thing after another, with nothing read ahead or written behind: to warm up, to
measure, and to count operations. Stages add up to the frame; `rest` is crops, the record and the plan. `of_matmul` is
the share of the measured ceiling of matrix products, each precision against its own; `of_copy` that of copying, for
stages that do little but move bytes. `sam2.1-*` have seeded weights and true trimaps.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

import stage_clock
import torch
from alone import apart
from ceilings import Ceilings
from ceilings import measured as measured_ceilings
from drawn import SUBJECTS
from end_to_end import Case, add_options
from outcome import publish
from stage_clock import StageClock, weight
from subjects import TrueTrimaps, subject
from written_shot import write_shot

from engine.contract.shot import Settings, Shot
from engine.media.colour import DisplayTransform
from engine.media.mattes import MatteWriter
from engine.media.plates import DisplayPlates, open_plates
from engine.model.mam2 import MAM2
from engine.session import fit
from engine.session.features import FeatureCache
from engine.session.matting import MatterLimits
from engine.session.session import ShotSession

P = ParamSpec("P")
R = TypeVar("R")

STAGES = ("read", "colour", "fit", *stage_clock.STAGES[1:])
"""In the order of a frame; here a plate is read, converted and fitted apart."""
NETWORKS = ("encode", "recall", "decode_mask", "decode_trimap", "remember")
FITTING = ("to_tensor", "to_square", "trimap_to_plate", "mask_to_plate")


@dataclass(frozen=True)
class Row:
    """One stage of one model on plates of one size.

    Attributes:
        wall_ms, processor_ms: a frame.
        share_percent: of the frame's time by the clock.
        gflop: operations a frame; None for stages that do not multiply matrices.
        bfloat16_percent: of the operations.
        of_matmul_percent: the time that the operations take at the ceiling, of the time that they took.
        gb_per_second: bytes read and written a second; None for stages that do more than move them.
        of_copy_percent: of the copy ceiling.
    """

    model: str
    plates: str
    stage: str
    wall_ms: float
    processor_ms: float
    share_percent: float
    gflop: float | None = None
    bfloat16_percent: float | None = None
    of_matmul_percent: float | None = None
    gb_per_second: float | None = None
    of_copy_percent: float | None = None


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--subject", choices=SUBJECTS, default="worst")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    ceilings = measured_ceilings(options.device, 5)
    print(ceilings, file=sys.stderr, flush=True)
    rows: list[Row] = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            shot = write_shot(Path(folder) / "plates", options.frames, size, options.subject)
            for model in options.models:
                rows += apart(measured, Case(model, shot, device=options.device), ceilings)
                print(f"{model} {size[0]}x{size[1]} is measured", file=sys.stderr, flush=True)
    publish("stages", rows, options.json)
    return 0


def measured(case: Case, ceilings: Ceilings) -> list[Row]:
    """Measure every stage; call it in a fresh process, whose functions it wraps for good."""
    model, clock = subject(case.model, case.device), StageClock(case.device)
    trimaps = TrueTrimaps(model, case.shot.alphas_thw)
    clock.watch(model)
    for name in FITTING:
        clock.moving("fit", fit, name, weight)
    clock.wrap("features", FeatureCache, "get")
    clock.moving("colour", DisplayTransform, "apply", lambda result, _, pixels: weight(result, pixels))
    clock.moving("write", MatteWriter, "write", lambda path, _, __, mattes: weight(path, mattes))
    _track(case, model, clock, trimaps)
    _track(case, model, clock, trimaps)
    wall, busy, moved = dict(clock.wall), clock.stop(), dict(clock.moved)
    _leave_inference(model)
    with clock.counting():
        _track(case, model, clock, trimaps)
    unseen = {*STAGES} ^ {*busy}
    if unseen:
        raise RuntimeError(f"stages that were not seen, or are not known: {sorted(unseen)}")
    frames, total = case.shot.frames, sum(wall.values())
    rows = []
    for stage in STAGES:
        flops = dict(clock.flops[stage]) if stage in stage_clock.COUNTED else None
        pace = moved[stage] / wall[stage] / 1e9 if stage in moved else None
        rows.append(
            Row(
                case.model,
                f"{case.shot.width}x{case.shot.height}",
                stage,
                wall_ms=1e3 * wall[stage] / frames,
                processor_ms=1e3 * busy[stage] / frames,
                share_percent=100 * wall[stage] / total,
                gflop=sum(flops.values()) / frames / 1e9 if flops else None,
                bfloat16_percent=100 * flops.get(torch.bfloat16, 0) / sum(flops.values()) if flops else None,
                of_matmul_percent=100 * ceilings.floor_s(flops) / wall[stage] if flops else None,
                gb_per_second=pace,
                of_copy_percent=100 * pace / ceilings.copy_gb_per_second if pace else None,
            )
        )
    return rows


def _leave_inference(model: MAM2) -> None:
    """Have the networks run without gradients, but not in inference mode, for good.

    In inference mode the counter meets operations such as einsum whole, and takes them apart without autocast.
    """
    for owner, name in ((model.matter, "forward"), *((model, name) for name in NETWORKS)):
        setattr(owner, name, _outside_inference(getattr(owner, name)))


def _outside_inference(function: Callable[P, R]) -> Callable[P, R]:
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch.inference_mode(mode=False), torch.no_grad():
            return function(*args, **kwargs)

    return wrapped


def _track(case: Case, model: MAM2, clock: StageClock, trimaps: TrueTrimaps) -> None:
    """Track the shot from its files to its mattes, counting from nothing."""
    written = case.shot
    things = written.objects()
    shot = Shot(1, written.frames, written.width, written.height, things, Settings(direction="forward"))
    with tempfile.TemporaryDirectory() as folder, open_plates(written.plates) as source:
        clock.moving("read", source, "read", lambda plate, frame: weight(plate.stored_hwc, source.path_of(frame)))
        plates = DisplayPlates(source, DisplayTransform(None, source.encoding))
        writer = MatteWriter(
            folder, "matte", width=shot.width, height=shot.height, objects=[things[0].name], layers=("alpha",)
        )
        trimaps.restart()
        with ShotSession(model, shot, plates, folder=Path(folder), matter=MatterLimits(frames=1)) as session:
            clock.restart()
            for mattes in session.track():
                writer.write(mattes.frame, mattes.complete([things[0].name], shot.width, shot.height))
            clock.stop()
        plates.close()


if __name__ == "__main__":
    sys.exit(main())
