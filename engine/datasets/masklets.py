"""SA-V's annotations: masks in COCO's run lengths, one list a frame, in a JSON file beside the movie."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.clips.drawn.colour import Bytes
from engine.datasets.pictures import unreadable

FRAMES_APART = 4
"""The movie has 24 frames a second, its annotations 6."""


def read_masklets(path: Path) -> list[list[dict[str, Any]]]:
    """Read the run lengths of every annotated frame: one a masklet, each with its `size` (H, W) and `counts`.

    Raises:
        PlateError: `data.unreadable`.
    """
    try:
        frames = json.loads(path.read_text(encoding="utf-8"))["masklet"]
        whole = all(isinstance(run["counts"], str) and len(run["size"]) == 2 for frame in frames for run in frame)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise unreadable(path, "it is no annotation of SA-V") from problem
    if not whole:
        raise unreadable(path, "its masks are not in COCO's compressed run lengths")
    return list(frames)


def decode(run: dict[str, Any]) -> Bytes:
    """Give the mask (H, W) uint8, 0 or 255, of a run-length encoding."""
    height, width = run["size"]
    lengths = run_lengths(run["counts"])
    values = np.zeros(len(lengths), np.uint8)
    values[1::2] = 255  # runs of background and of object take turns, along columns
    mask = np.repeat(values, lengths)
    return np.ascontiguousarray(mask.reshape(width, height).T)


def run_lengths(counts: str) -> npt.NDArray[np.int64]:
    """Decode COCO's text: five bits a character, least significant first; from the fourth run on, differences."""
    lengths: list[int] = []
    value = shift = 0
    for character in counts:
        code = ord(character) - 48
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            continue
        if code & 0x10:
            value -= 1 << shift
        lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
        value = shift = 0
    return np.array(lengths, np.int64)
