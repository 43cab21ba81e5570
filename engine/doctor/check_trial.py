"""A trial: two plates, one click, the starter, by the way that every matte takes."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.contract.errors import EngineError
from engine.doctor.facts import FAULT, OK, Finding, Machine
from engine.media.matte_files import read_matte, write_exr
from engine.own_python import run_python

FRAMES = (1001, 1002)
SIZE = (256, 144)
_SECONDS = 300


def check_trial(machine: Machine) -> Iterator[Finding]:
    """Matte a disc that moves, in a temporary folder that is removed."""
    del machine
    with tempfile.TemporaryDirectory(prefix="mam2-doctor-") as name:
        folder = Path(name)
        try:
            for index, frame in enumerate(FRAMES):
                _write_plate(folder / f"trial.{frame}.exr", index)
            began = time.monotonic()
            ran = _matte(folder)
            seconds = time.monotonic() - began
            yield _judged(folder, ran, seconds)
        except EngineError as problem:
            yield Finding("matte", FAULT, f"No plates can be written or read: {problem.message}", problem.hint)
        except subprocess.TimeoutExpired:
            yield Finding("matte", FAULT, f"Two frames were not done in {_SECONDS} seconds.", _BY_HAND)


_BY_HAND = "See what it says on the CPU: mam2 demo --device cpu."


def _write_plate(path: Path, index: int) -> None:
    """Write scene-linear RGB: a bright disc before a dark ramp, one radius further each frame."""
    width, height = SIZE
    y, x = np.mgrid[:height, :width].astype(np.float32)
    disc = (np.hypot(x - _centre(index), y - height / 2) < height / 4).astype(np.float32)
    write_exr(path, {"R": 0.1 + 0.8 * disc, "G": 0.1 * x / width + 0.6 * disc, "B": 0.1 * y / height}, "")


def _centre(index: int) -> int:
    return SIZE[0] // 2 + 8 * index


def _matte(folder: Path) -> "subprocess.CompletedProcess[str]":
    asked = ["matte", str(folder / "trial.####.exr"), "-o", str(folder / "mattes")]
    click = ["--point", f"{_centre(0)},{SIZE[1] // 2}@{FRAMES[0]}", "--colourspace", "scene_linear"]
    return run_python("engine", *asked, *click, timeout=_SECONDS)


def _judged(folder: Path, ran: "subprocess.CompletedProcess[str]", seconds: float) -> Finding:
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if line.startswith(("error: ", "hint: "))]
        error, hint = said if len(said) == 2 else (f"the program ended with {ran.returncode}", "")
        return Finding(
            "matte",
            FAULT,
            f"A trial matte failed: {error.removeprefix('error: ')}",
            hint.removeprefix("hint: ") or _BY_HAND,
        )
    mattes = sorted((folder / "mattes").rglob("*.exr"))
    if len(mattes) != len(FRAMES):
        return Finding("matte", FAULT, f"A trial made {len(mattes)} mattes of {len(FRAMES)} plates.", _BY_HAND)
    for index, path in enumerate(mattes):
        alpha = read_matte(path)["A"]
        inside, outside = alpha[SIZE[1] // 2, _centre(index)], alpha[4, 4]
        if not (inside > 0.5 > outside):
            return Finding(
                "matte",
                FAULT,
                f"A trial matte is wrong: alpha {inside:.2f} on the disc and {outside:.2f} beside it.",
                _BY_HAND,
            )
    return Finding("matte", OK, f"two frames with the starter, in {seconds:.0f} s")
