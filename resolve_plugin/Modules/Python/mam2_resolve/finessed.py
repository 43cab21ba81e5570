"""Mattes with their finesse as files: made by the tool's own Lua code, so that they are what the tool shows."""

import time
from pathlib import Path
from typing import Any

from .contract import module

NEUTRAL = {
    "ThresholdLow": 0,
    "ThresholdHigh": 1,
    "MatteGamma": 1,
    "MatteContract": 0,
    "MatteBlur": 0,
    "InvertMatte": 0,
}
SILENCE = 120.0  # seconds without a frame after which nobody is baking
_LUA = Path(__file__).resolve().parents[2] / "Lua"


def is_wanted(tool: Any, first: int, last: int) -> bool:
    """Tell whether any frame's finesse changes its matte."""
    frames = range(first, last + 1)
    return any(tool.GetInput(name, frame) != value for frame in frames for name, value in NEUTRAL.items())


def write(comp: Any, tool: Any, stem: Path, first: int, last: int) -> None:
    """Write the mattes of some frames as EXR, R, G, B and A alike: STEM0001.exr.

    Args:
        comp: the composition, whose host runs the Lua code.
        tool: ours, with right mattes.
        stem: of the files.
        first: frame.
        last: frame.

    Raises:
        EngineError: `fusion.bake`: a matte cannot be had or written, or nothing comes.
    """
    tool.SetInput("Status", "Baking.")
    name, shot = tool.GetAttrs()["TOOLS_Name"], tool.GetInput("ShotID")
    comp.Execute(
        f"package.path = package.path .. {_quoted(';' + _LUA.as_posix() + '/?.lua')}; require('mam2.baking')"
        f".run(comp, {_quoted(name)}, {_quoted(shot)}, {_quoted(stem.as_posix())}, {first}, {last})"
    )
    said, ends_at = "Baking.", time.monotonic() + SILENCE
    while said.startswith("Baking") and time.monotonic() < ends_at:
        now = str(tool.GetInput("Status"))
        if now != said:
            said, ends_at = now, time.monotonic() + SILENCE
        else:
            time.sleep(0.05)
    if not said.startswith("Baked"):
        raise module("errors").OutputError("fusion.bake", f"The bake has not come to its end: {said}", "Bake it again.")


def _quoted(text: Any) -> str:
    """Give a text as Lua has it in a program."""
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
