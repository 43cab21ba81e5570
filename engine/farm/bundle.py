"""A farm job as an Open Job Description template and bundle, which every scheduler can read.

Three steps: Track goes through the whole shot on one host and keeps trimaps; Matte makes mattes from them, a chunk of
frames a task; Check looks at every matte. Each may run again at any time: what is done and valid is kept. A shot whose
objects all come with masks has nothing to track: its chunks go the whole way.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from engine.contract.errors import OutputError, ServiceError
from engine.contract.held import HeldMask
from engine.contract.shot import MaskPrompt, Shot, ShotObject
from engine.contract.shot_json import shot_to_json
from engine.media.atomic import make_folder

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


VALUES, REFERENCES, SHOT, MASKS = "parameter_values.yaml", "asset_references.yaml", "shot.json", "masks"


def write_bundle(job: FarmJob, folder: Path) -> None:
    """Write a job bundle, whole or not at all, in place of an earlier bundle.

    The prompts and their masks are copied into it, so that a later edit of the shot does not reach a job that waits.

    Args:
        job: what to do.
        folder: the bundle to be, absolute.

    Raises:
        OutputError: `output.not_a_bundle` if something else is there, or as `make_folder`.
    """
    if folder.exists() and not (folder / TEMPLATE).is_file() and not _is_empty(folder):
        raise OutputError(
            "output.not_a_bundle",
            f"'{folder}' is there and is no job bundle.",
            "Choose another folder with --bundle.",
        )
    make_folder(folder.parent)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        new, old = Path(scratch) / "new", Path(scratch) / "old"
        new.mkdir()
        _fill(new, job, folder)
        if folder.exists():
            folder.replace(old)
        new.replace(folder)


def _fill(new: Path, job: FarmJob, folder: Path) -> None:
    shot = _with_masks(job.shot, new)
    _write(new / SHOT, shot_to_json(shot))
    _write(new / TEMPLATE, template(job))
    values = [{"name": name, "value": value} for name, value in parameter_values(job).items()]
    _write(new / VALUES, {"parameterValues": values})
    masks = [str(folder / MASKS / path.name) for path in sorted((new / MASKS).glob("*"))]
    references = {
        "inputs": {"filenames": [*map(str, job.plate_files), *masks], "directories": []},
        "outputs": {"directories": [str(job.mattes)]},
        "referencedPaths": [],
    }
    _write(new / REFERENCES, {"assetReferences": references})


def _with_masks(shot: Shot, new: Path) -> Shot:
    """Copy the shot's masks into the bundle, each file once, and give the shot with their new paths."""
    copies: dict[str, str] = {}

    def moved(thing: ShotObject) -> ShotObject:
        prompts = (
            prompt.moved(_copied(prompt.file, new, copies)) if isinstance(prompt, MaskPrompt) else prompt
            for prompt in thing.prompts
        )
        held = tuple(_held_copied(one, thing.name, number, shot, new) for number, one in enumerate(thing.held, 1))
        return replace(thing, prompts=tuple(prompts), held=held)

    return shot.with_objects(tuple(moved(thing) for thing in shot.objects))


def _held_copied(held: HeldMask, thing: str, number: int, shot: Shot, new: Path) -> HeldMask:
    """Copy the files of a mask that an object is held to, and give it with its new path."""
    (new / MASKS).mkdir(exist_ok=True)
    before = f"{MASKS}/{thing}_{held.kind}{number}_"
    for source in dict.fromkeys(held.file(frame) for frame in held.frames(shot.frames)):
        shutil.copyfile(source, new / f"{before}{Path(source).name}")
    return replace(held, path=f"{before}{Path(held.path).name}")


def _copied(path: str, new: Path, copies: dict[str, str]) -> str:
    if path not in copies:
        (new / MASKS).mkdir(exist_ok=True)
        # Numbered: masks of one name may come from several folders.
        copies[path] = f"{MASKS}/{len(copies) + 1:03d}_{Path(path).name}"
        shutil.copyfile(path, new / copies[path])
    return copies[path]


def _write(path: Path, data: Any) -> None:
    if path.suffix == ".json":
        path.write_text(json.dumps(data, indent=2), encoding="utf-8")
        return
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def find_runner() -> Path:
    """Give the `openjd` program: the one beside this Python, else the one on the path.

    Raises:
        ServiceError: `farm.no_runner`.
    """
    found = shutil.which("openjd", path=str(Path(sys.executable).parent)) or shutil.which("openjd")
    if found is None:
        raise ServiceError(
            "farm.no_runner",
            "The Open Job Description runner is not installed, so the job was written and not run.",
            "Install it with: pip install openjd-cli. Or submit the bundle to a farm.",
        )
    return Path(found)


def run_bundle(
    runner: Path, bundle: Path, values: Mapping[str, str | int], retries: int, say: Callable[[str], None]
) -> None:
    """Run all steps of a bundle; after a failure, again: every frame that is done and valid is kept.

    Args:
        runner: the `openjd` program; it writes to this process's standard error stream.
        bundle: a folder that `write_bundle` has made.
        values: the values of its job parameters.
        retries: how many more times to run it.
        say: told before each further run.

    Raises:
        ServiceError: `farm.failed` if it fails every time.
    """
    parameters = {name: str(value) for name, value in values.items()}
    command = [str(runner), "run", str(bundle / TEMPLATE), "--step", CHECK, "--run-dependencies"]
    command += ["--job-param", json.dumps(parameters)]
    for attempt in range(retries + 1):
        if attempt:
            say(f"the job failed: run {attempt + 1} of {retries + 1} makes what is missing")
        if subprocess.run(command, check=False, stdout=sys.stderr).returncode == 0:  # noqa: S603 - our own bundle
            return
    raise ServiceError(
        "farm.failed",
        "The job failed; what its programs said about it stands above.",
        "Cure that and submit again: frames that are done are kept.",
    )
