"""A farm job on disk: a job bundle, the folder that Deadline Cloud submits and the `openjd` runner runs."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from engine.contract.errors import OutputError, ServiceError
from engine.contract.held import HeldMask
from engine.contract.shot import MaskPrompt, Shot, ShotObject
from engine.contract.shot_json import shot_to_json
from engine.farm.template import CHECK, TEMPLATE, FarmJob, parameter_values, template
from engine.media.atomic import make_folder

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
