"""A farm job as an Open Job Description template, version 2023-09, with no extension: every scheduler can read it.

Three steps: Track goes through the whole shot on one host and keeps trimaps; Matte makes mattes from them, a chunk of
frames a task; Check looks at every matte. Each may run again at any time: what is done and valid is kept. A shot whose
objects all come with masks has nothing to track: its chunks go the whole way.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.contract.shot import Shot

PROGRAM = "mam2"
TEMPLATE = "template.yaml"  # the file that makes a folder a job bundle


@dataclass(frozen=True)
class FarmJob:
    """One shot to matte on a farm.

    Attributes:
        name: what the farm calls the job.
        shot: range, prompts and settings; masks are found from the current folder.
        plates: as `open_plates` takes them, absolute.
        plate_files: the files that the shot's plates are read from.
        plate_layer: layer or part of the plate files that is the picture.
        mattes: folder for the mattes, absolute; trimaps are kept below it.
        matte_name: first part of the mattes' file names.
        frames: first and last frame that gets a matte.
        chunk: frames that one task mattes.
        model: name or weights file; every host must have it.
        layers: layers of the mattes.
        format: file format of the mattes.
        device: what tracks.
        matte_device: what mattes.
        gpu_memory: MiB that a GPU host must have; 0: any GPU will do.
        program: how hosts start `mam2`.
    """

    name: str
    shot: Shot
    plates: Path
    plate_files: tuple[Path, ...]
    mattes: Path
    matte_name: str
    frames: tuple[int, int]
    plate_layer: str | None = None
    chunk: int = 10
    model: str = "starter"
    layers: tuple[str, ...] = ("alpha",)
    format: str = "exr"
    device: str = "cuda"
    matte_device: str = "cuda"
    gpu_memory: int = 0
    program: str = PROGRAM


TRACK, MATTE, CHECK = "Track", "Matte", "Check"

Data = dict[str, Any]


def template(job: FarmJob) -> Data:
    """Give the job template as data; `parameter_values` has what is particular to the shot."""
    chunk = "--frames={{Task.Param.Frame}}+{{Param.ChunkSize}}"
    frames = "{{Param.FirstFrame}}-{{Param.LastFrame}}:{{Param.ChunkSize}}"
    tracked = any(thing.prompts for thing in job.shot.objects)
    stage, after = ("alpha", TRACK) if tracked else ("", "")
    matte = _step(MATTE, job, stage, "MatteDevice", chunk, after=after, gpu=job.matte_device)
    matte["parameterSpace"] = {"taskParameterDefinitions": [{"name": "Frame", "type": "INT", "range": frames}]}
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": job.name,
        "description": f"MAM2 mattes of {len(job.plate_files)} plate files, frames {job.frames[0]}-{job.frames[1]}.",
        "parameterDefinitions": _parameters(job),
        "steps": [
            *([_step(TRACK, job, "trimap", "Device", gpu=job.device)] if tracked else []),
            matte,
            _step(CHECK, job, "check", "MatteDevice", after=MATTE),
        ],
    }


def parameter_values(job: FarmJob) -> dict[str, str | int]:
    """Give the values of the job parameters that have no default: where the shot's files are, and its frames."""
    folder, name = (job.plates, ".") if job.plates.is_dir() else (job.plates.parent, job.plates.name)
    return {
        "PlatesFolder": str(folder),
        "PlatesName": name,
        "Mattes": str(job.mattes),
        "FirstFrame": job.frames[0],
        "LastFrame": job.frames[1],
    }


def _parameters(job: FarmJob) -> list[Data]:
    return [
        _path("Shot", "FILE", "IN", "Range, prompts and settings.", default="shot.json"),
        # The files are listed as asset references: the folder may hold more than this shot.
        _path("PlatesFolder", "DIRECTORY", "NONE", "Where the plates are."),
        _text("PlatesName", "The plates in their folder."),
        _path("Mattes", "DIRECTORY", "OUT", "Where the mattes go."),
        _number("FirstFrame", "First frame with a matte."),
        _number("LastFrame", "Last frame with a matte."),
        _number("ChunkSize", "Frames that one task mattes.", default=job.chunk, minimum=1),
        _text("Model", "Name or weights file of the model; every host has it.", job.model),
        _text("Device", "What tracks.", job.device),
        _text("MatteDevice", "What mattes; the same kind everywhere gives the same bits.", job.matte_device),
        _text("Mam2", "How a host starts mam2.", job.program),
    ]


def _step(name: str, job: FarmJob, stage: str, device: str, *more: str, after: str = "", gpu: str = "") -> Data:
    arguments = [
        "matte",
        "{{Param.PlatesFolder}}/{{Param.PlatesName}}",
        "--out={{Param.Mattes}}",
        "--prompts={{Param.Shot}}",
        "--model={{Param.Model}}",
        f"--device={{{{Param.{device}}}}}",
        f"--layers={','.join(job.layers)}",
        f"--format={job.format}",
        f"--name={job.matte_name}",
        *([f"--plate-layer={job.plate_layer}"] if job.plate_layer else []),
        *([f"--stage={stage}"] if stage else []),
        *more,
        "--resume",
    ]
    step: Data = {"name": name}
    if after:
        step["dependencies"] = [{"dependsOn": after}]
    if gpu and gpu != "cpu":
        step["hostRequirements"] = {"amounts": _gpu(job.gpu_memory)}
    step["script"] = {"actions": {"onRun": {"command": "{{Param.Mam2}}", "args": arguments}}}
    return step


def _gpu(memory: int) -> list[Data]:
    enough = [{"name": "amount.worker.gpu.memory", "min": memory}] if memory else []
    return [{"name": "amount.worker.gpu", "min": 1}, *enough]


def _path(name: str, kind: str, flow: str, description: str, **more: str) -> Data:
    return {"name": name, "type": "PATH", "objectType": kind, "dataFlow": flow, "description": description, **more}


def _text(name: str, description: str, default: str | None = None) -> Data:
    return {
        "name": name,
        "type": "STRING",
        "description": description,
        **({} if default is None else {"default": default}),
    }


def _number(name: str, description: str, *, default: int | None = None, minimum: int | None = None) -> Data:
    bounds = {"default": default, "minValue": minimum}
    given = {key: value for key, value in bounds.items() if value is not None}
    return {"name": name, "type": "INT", "description": description, **given}
