"""Reading the files of data sets: pictures of 8 or 16 bits, and frames of movies."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from engine.clips.drawn.colour import Bytes
from engine.contract.errors import PlateError

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
