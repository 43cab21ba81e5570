"""Shots on disk: a prompts file and the plates that belong to it."""

import json
from pathlib import Path
from typing import Any

from engine.contract.errors import EngineError, ShotError
from engine.farm.bundle import TEMPLATE
from engine.media import movies
from engine.media.plates import open_plates
from engine.media.sequences import from_folder

FOLDER = "plates"


def find_shots(folder: Path) -> list[Path]:
    """Give every shot file under a folder, by path: JSON with `objects` in it, or that cannot be read as JSON.

    The copy of a shot in a job bundle does not count.

    Raises:
        ShotError: `shot.none` if there is no such folder or no shot file in it.
    """
    found = [path for path in sorted(folder.rglob("*.json")) if path.is_file() and _may_be_a_shot(path)]
    if not found:
        there = folder.is_dir()
        raise ShotError(
            "shot.none",
            f"There is no shot file under '{folder}'." if there else f"There is no folder '{folder}'.",
            'A shot file is JSON with "objects" and "plates", or with its plates beside it under the same name.',
        )
    return found


def plates_of(shot: Path) -> Path:
    """Give the plates of a shot file, as `open_plates` takes them.

    They are what the file names under `plates`, relative to itself; else what is beside `NAME.json`: the folder
    `NAME`, the sequence or movie called `NAME`, or the folder `plates`.

    Raises:
        ShotError: `shot.plates` if there is none, or more than one movie or sequence of the name.
    """
    named = _read(shot).get("plates")
    if isinstance(named, str) and named:
        return shot.parent / Path(named).expanduser()
    if (shot.parent / shot.stem).is_dir():
        return shot.parent / shot.stem
    beside = [shot.parent / one.pattern for one in from_folder(shot.parent) if one.name == shot.stem]
    beside += [path for path in shot.parent.glob("*.*") if path.stem == shot.stem and _is_movie(path)]
    if len(beside) == 1:
        return beside[0]
    if not beside and (shot.parent / FOLDER).is_dir():
        return shot.parent / FOLDER
    names = ", ".join(sorted(path.name for path in beside))
    raise ShotError(
        "shot.plates",
        f"Which plates belong to '{shot}' is not clear: {names}." if beside else f"There are no plates for '{shot}'.",
        'Name them in the file, relative to it: "plates": "plates/name.####.exr".',
    )


def mattes_beside(shot: Path) -> Path:
    """Give the folder for a shot file's mattes where nobody names one."""
    return shot.with_name(f"{shot.stem}_mattes")


def plate_files(plates: Path, layer: str | None, first: int, last: int) -> tuple[Path, ...]:
    """Give the files that the plates of a range are read from, each once.

    Raises:
        PlateError: as `open_plates`, or a frame is missing.
    """
    with open_plates(plates, layer=layer) as source:
        return tuple(dict.fromkeys(source.path_of(frame) for frame in range(first, last + 1)))


def _may_be_a_shot(path: Path) -> bool:
    if path.with_name(TEMPLATE).is_file():
        return False
    try:
        return "objects" in _read(path)
    except EngineError:
        return True


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except OSError as problem:
        raise ShotError("shot.file", f"'{path}' cannot be read: {problem.strerror}.", "Check the path.") from problem
    except (ValueError, RecursionError) as problem:
        raise ShotError("shot.file", f"'{path}' is not JSON: {problem}.", 'Write {"objects": [...]}.') from problem
    return data if isinstance(data, dict) else {}


def _is_movie(path: Path) -> bool:
    return path.suffix[1:].lower() in movies.EXTENSIONS
