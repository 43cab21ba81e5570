"""`--preview`: what to look at when a shot is done, made from the mattes on disk: a sheet or a movie."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from engine.cli.matte.request import MatteJob
from engine.cli.matte.sheet import Cell, Picture, Trimaps, frames_shown, paint_sheet
from engine.media.matte_files import read_matte
from engine.media.mattes import MatteWriter
from engine.media.pictures import over_checker, write_picture
from engine.media.previews import write_preview_movie

SHEET_FRAMES = 6
MOVIE_WIDTH, MOVIE_FPS = 1920, 24
_WIPE = 4 * MOVIE_FPS
"""Frames in which the wipe goes over the picture and back."""


def write_preview(job: MatteJob, frames: Sequence[int], trimaps: Trimaps) -> Path:
    """Write the preview that the job asks for beside its mattes, and give its file.

    Args:
        job: whose mattes are on disk.
        frames: that have mattes.
        trimaps: those of `frames_in_sheet` that were made this time.

    Raises:
        OutputError, PlateError: it cannot be written, or what it shows cannot be read.
    """
    if job.request.preview == "movie":
        path = job.request.out / f"{job.name}_preview.mp4"
        write_preview_movie(path, _wiped(job, frames), MOVIE_FPS, pixel_aspect=job.source.pixel_aspect)
        return path
    path = job.request.out / f"{job.name}_preview.png"
    shown = frames_in_sheet(job, frames)
    write_picture(path, paint_sheet([[*_cells(job, name, shown, trimaps)] for name in _names(job)]))
    return path


def frames_in_sheet(job: MatteJob, frames: Sequence[int]) -> list[int]:
    """Give the frames that a sheet shows; none where none is asked for."""
    if job.request.preview != "sheet":
        return []
    prompted = sorted({frame for thing in job.shot.objects for frame in thing.frames()})
    return frames_shown(frames, prompted, SHEET_FRAMES)


def alpha_of(job: MatteJob, frame: int) -> Picture:
    """Read the alpha of all objects of a frame together, (H, W) 0..1, from the mattes on disk."""
    if job.request.format == "exr":
        return read_matte(job.writer().path_of(frame))["A"]
    alphas = (read_matte(_png(job, name, frame, "alpha"))["Y"] for name in _names(job))
    return np.minimum(np.sum(list(alphas), axis=0, dtype=np.float32), 1)


def _names(job: MatteJob) -> list[str]:
    return [thing.name for thing in job.shot.objects]


def _cells(job: MatteJob, name: str, frames: Sequence[int], trimaps: Trimaps) -> Iterator[Cell]:
    prompts = {thing.name: thing for thing in job.shot.objects}[name]
    for frame in frames:
        found = _layers_of(job, name, frame)
        trimap = found.get("trimap", trimaps.get(frame, {}).get(name))
        yield Cell(name, frame, job.plates.display(frame), found["alpha"], trimap, prompts.on(frame))


def _layers_of(job: MatteJob, name: str, frame: int) -> dict[str, Picture]:
    """Read an object's alpha, and its trimap where that is on disk too."""
    wanted = {"alpha", *({"trimap"} & {*job.further.of_matte})}
    if job.request.format != "exr":
        return {layer: read_matte(_png(job, name, frame, layer))["Y"] for layer in wanted}
    found = read_matte(job.writer().path_of(frame))
    own = {layer: found[f"{name}.{layer}"] for layer in wanted if f"{name}.{layer}" in found}
    return {"alpha": found["A"], **own}


def _png(job: MatteJob, name: str, frame: int, layer: str) -> Path:
    width, height = job.source.size
    only = MatteWriter(
        job.request.out,
        job.name,
        width=width,
        height=height,
        frames_padding=job.source.padding,
        objects=[name],
        layers=[layer],
        format=job.request.format,
    )
    return only.path_of(frame)


def _wiped(job: MatteJob, frames: Sequence[int]) -> Iterator[Picture]:
    """Give every frame: the plate left of a line that goes to and fro, the comp right of it."""
    period = min(_WIPE, max(len(frames), MOVIE_FPS))
    for number, frame in enumerate(frames):
        plate = job.plates.display(frame)
        picture = over_checker(plate, alpha_of(job, frame))
        line = round((0.5 + 0.5 * math.cos(2 * math.pi * number / period)) * picture.shape[1])
        picture[:, :line] = plate[:, :line]
        picture[:, max(0, line - 1) : line + 1] = 1
        yield _shrunk(picture)


def _shrunk(picture_hwc: Picture) -> Picture:
    height, width = picture_hwc.shape[:2]
    if width <= MOVIE_WIDTH:
        return picture_hwc
    size = (MOVIE_WIDTH, round(height * MOVIE_WIDTH / width))
    return np.asarray(cv2.resize(picture_hwc, size, interpolation=cv2.INTER_AREA), np.float32)
