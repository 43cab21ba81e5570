"""Reading the files of data sets: pictures of 8 or 16 bits, frames of movies, masks in SA-V's run lengths."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from engine.clips.drawn.motion import Bytes
from engine.contract.errors import PlateError

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


PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"})
MOVIES = frozenset({".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v"})

_TO_RGB = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}


def read_picture(path: Path) -> Bytes:
    """Read a picture.

    Returns:
        (H, W) or (H, W, 3 or 4) uint8, sRGB or data, as stored, top-left origin. A PNG with a palette gives colours.

    Raises:
        PlateError: `data.unreadable`.
    """
    data = np.fromfile(path, np.uint8) if path.is_file() else np.empty(0, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    if picture is None:
        raise unreadable(path, "it is missing, empty or damaged")
    if picture.dtype == np.uint16:
        picture = (picture.astype(np.float32) / 257 + 0.5).astype(np.uint8)
    if picture.dtype != np.uint8:
        raise unreadable(path, "it holds neither 8 nor 16 bits")
    return picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, _TO_RGB[picture.shape[2]]))


def read_movie(path: Path, places: Sequence[int]) -> list[Bytes]:
    """Read frames of a movie of constant rate, by seeking: no walk through the whole file as for a user's plates.

    Args:
        path: of the movie.
        places: which frames, from 0, in any order.

    Returns:
        (H, W, 3) uint8 sRGB for each of `places`.

    Raises:
        PlateError: `data.unreadable`.
    """
    movie, wanted = cv2.VideoCapture(str(path)), sorted(set(places))
    frames: dict[int, Bytes] = {}
    try:
        movie.set(cv2.CAP_PROP_POS_FRAMES, wanted[0])
        for place in range(wanted[0], wanted[-1] + 1):
            if not movie.grab():
                raise unreadable(path, f"frame {place} cannot be decoded")
            if place in wanted:
                frames[place] = np.asarray(cv2.cvtColor(movie.retrieve()[1], cv2.COLOR_BGR2RGB))
    finally:
        movie.release()
    return [frames[place] for place in places]


def movie_length(path: Path) -> int:
    """Give the number of frames that a movie's header tells; 0 where it cannot be opened."""
    movie = cv2.VideoCapture(str(path))
    try:
        return max(0, int(movie.get(cv2.CAP_PROP_FRAME_COUNT)))
    finally:
        movie.release()


def unreadable(path: Path, why: str) -> PlateError:
    """Say that a file of a data set cannot be read."""
    return PlateError(
        "data.unreadable",
        f"'{path}' cannot be read: {why}.",
        "Copy or download it again, or take it out of the folder; `mam2 train --check-data` looks for others.",
    )
