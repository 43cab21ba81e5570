"""Carrying out `mam2 submit`: check the shot, write the job bundle, run it if wanted."""

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import typer

from engine.cli.matte.request import MatteJob, MatteRequest, check_device, checked
from engine.contract.plan import plan_shot
from engine.farm.bundle import PROGRAM, FarmJob, find_runner, parameter_values, run_bundle, write_bundle
from engine.farm.shot_files import mattes_beside, plate_files, plates_of

LONGEST_NAME = 128  # of a job, in Open Job Description


@dataclass(frozen=True)
class JobRequest:
    """One call of `mam2 submit`, as parsed; None means that the option was not given. See `FarmJob`."""

    shot: Path
    plates: str | None
    out: Path | None
    bundle: Path | None
    layers: tuple[str, ...]
    format: str
    name: str | None
    plate_layer: str | None
    model: str
    chunk: int
    device: str
    matte_device: str
    gpu_memory: int
    program: str | None


def submit_job(request: JobRequest, *, run: bool, retries: int) -> str:
    """Write the job, run it if wanted, and give what to tell the user.

    Raises:
        EngineError: what is wrong with the shot, the bundle's folder, the runner or the job.
    """
    shot = request.shot.resolve()
    bundle = (request.bundle.expanduser() if request.bundle else shot.with_name(f"{shot.stem}_job")).resolve()
    job = _job(request, shot)
    write_bundle(job, bundle)
    runner = find_runner() if run else None
    lines = [f"job       {bundle}", f"mattes    {job.mattes}  frames {job.frames[0]}-{job.frames[1]}"]
    if runner is not None:
        values = {**parameter_values(job), "Mam2": request.program or _own_program()}
        run_bundle(runner, bundle, values, retries, lambda line: typer.echo(line, err=True))
        return "\n".join([*lines, "done      tracked, matted and checked"])
    lines.append("to run    here: the same command with --run")
    lines.append(f"          Deadline Cloud: deadline bundle submit {shlex.quote(str(bundle))}")
    lines.append("          OpenCue and others: the commands of the three layers are in docs/farm.md")
    return "\n".join(lines)


def _job(request: JobRequest, shot: Path) -> FarmJob:
    plates = (Path(request.plates).expanduser() if request.plates else plates_of(shot)).resolve()
    out = (request.out.expanduser() if request.out else mattes_beside(shot)).resolve()
    matte = MatteRequest(
        plates=str(plates),
        out=out,
        prompts_file=shot,
        model=request.model,
        device=request.device,
        layers=request.layers,
        format=request.format,
        plate_layer=request.plate_layer,
        name=request.name,
    )
    check_device(request.matte_device, "--matte-device")
    with checked(matte, Event()) as job:
        model = Path(job.request.model).expanduser()
        return FarmJob(
            name=shot.stem.replace("{{", "{")[:LONGEST_NAME],
            shot=job.shot,
            plates=plates,
            plate_files=plate_files(plates, request.plate_layer, job.shot.first, job.shot.last),
            plate_layer=request.plate_layer,
            mattes=out,
            matte_name=job.name,
            frames=_delivered(job),
            chunk=request.chunk,
            model=str(model.resolve()) if model.is_file() else job.request.model,
            layers=request.layers,
            format=request.format,
            device=request.device,
            matte_device=request.matte_device,
            gpu_memory=request.gpu_memory,
            program=request.program or PROGRAM,
        )


def _delivered(job: MatteJob) -> tuple[int, int]:
    # Every object's frames run on from its anchor, one way or both: together they have no gap that a chunk could miss.
    frames = {frame for course in plan_shot(job.shot).values() for frame in course.frames}
    return min(frames), max(frames)


def _own_program() -> str:
    return shutil.which("mam2", path=str(Path(sys.executable).parent)) or PROGRAM
