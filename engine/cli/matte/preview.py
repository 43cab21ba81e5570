"""`--preview`: the finished mattes over a checkerboard, as one picture or a movie."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.cli.matte.request import MatteJob
from engine.media.matte_files import read_matte
from engine.media.mattes import MatteWriter
from engine.media.pictures import Labelled, contact_sheet, over_checker, write_picture
from engine.media.previews import write_preview_movie

SHEET_FRAMES, SHEET_COLUMNS = 12, 4
MOVIE_WIDTH, MOVIE_FPS = 1920, 24

Picture = NDArray[np.float32]


def write_preview(job: MatteJob, frames: Sequence[int]) -> Path:
    """Write the preview that the job asks for beside its mattes, and give its file; the mattes are read from disk.

    Raises:
        OutputError, PlateError: it cannot be written, or what it shows cannot be read.
    """
    if job.request.preview == "movie":
        path = job.request.out / f"{job.name}_preview.mp4"
        pictures = (_shrunk(_over(job, frame)) for frame in frames)
        write_preview_movie(path, pictures, MOVIE_FPS, pixel_aspect=job.source.pixel_aspect)
        return path
    path = job.request.out / f"{job.name}_preview.png"
    write_picture(path, contact_sheet(list(_rows(job, _spread(frames, SHEET_FRAMES)))))
    return path


def alpha_of(job: MatteJob, frame: int) -> Picture:
    """Read the alpha of all objects of a frame together, (H, W) 0..1, from the mattes on disk."""
    if job.request.format == "exr":
        return read_matte(job.writer().path_of(frame))["A"]
    alphas = (read_matte(_alpha_png(job, thing.name, frame))["Y"] for thing in job.shot.objects)
    return np.minimum(np.sum(list(alphas), axis=0, dtype=np.float32), 1)


def _alpha_png(job: MatteJob, name: str, frame: int) -> Path:
    width, height = job.source.size
    only = MatteWriter(
        job.request.out,
        job.name,
        width=width,
        height=height,
        frames_padding=job.source.padding,
        objects=[name],
        format=job.request.format,
    )
    return only.path_of(frame)


def _over(job: MatteJob, frame: int) -> Picture:
    return over_checker(job.plates.display(frame), alpha_of(job, frame))


def _rows(job: MatteJob, frames: Sequence[int]) -> Iterator[list[Labelled]]:
    for start in range(0, len(frames), SHEET_COLUMNS):
        yield [(str(frame), _over(job, frame)) for frame in frames[start : start + SHEET_COLUMNS]]


def _spread(frames: Sequence[int], count: int) -> list[int]:
    """Choose at most `count` frames, evenly spread, the first and the last among them."""
    if len(frames) <= count:
        return list(frames)
    return [frames[round(step * (len(frames) - 1) / (count - 1))] for step in range(count)]


def _shrunk(picture_hwc: Picture) -> Picture:
    height, width = picture_hwc.shape[:2]
    if width <= MOVIE_WIDTH:
        return picture_hwc
    size = (MOVIE_WIDTH, round(height * MOVIE_WIDTH / width))
    return np.asarray(cv2.resize(picture_hwc, size, interpolation=cv2.INTER_AREA), np.float32)
