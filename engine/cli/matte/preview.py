"""`--preview`: what to look at when a shot is done, a contact sheet or a movie, made from the mattes on disk."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.cli.matte.request import MatteJob
from engine.contract.shot import Box, MaskPrompt, Point, Prompt
from engine.media.masks import read_mask
from engine.media.matte_files import read_matte
from engine.media.mattes import MatteWriter
from engine.media.pictures import Labelled, contact_sheet, over_checker, write_picture
from engine.media.previews import write_preview_movie

CELL = 640
"""Width of a cell: in pixels of the plate, an edge is seen as it is."""
_EDGE = (CELL // 2, 180)
"""Width and height of the place that is shown twice as large."""
_MARGIN = 0.1
_GREEN, _RED, _WHITE = (0.2, 0.9, 0.2), (0.95, 0.2, 0.15), (1.0, 1.0, 1.0)

Picture = NDArray[np.float32]


@dataclass(frozen=True)
class Cell:
    """One object on one frame.

    Attributes:
        name, frame: whose it is.
        plate_hw3: display-referred sRGB.
        alpha_hw: its own.
        trimap_hw: None where nobody has kept it.
        prompts: what was said of it there.
    """

    name: str
    frame: int
    plate_hw3: Picture
    alpha_hw: Picture
    trimap_hw: Picture | None
    prompts: Sequence[Prompt]


def paint_sheet(objects: Sequence[Sequence[Cell]]) -> Picture:
    """Paint the sheet (H, W, 3), display-referred sRGB of 0..1: for each object its cells, one a frame."""
    return contact_sheet([row for cells in objects for row in _rows(cells)], cell_width=CELL)


def _rows(cells: Sequence[Cell]) -> Iterator[list[Labelled]]:
    part, edge = _around(cells), _edge_of(cells)
    yield [(f"{one.name} {one.frame}  plate", _prompted(one, part)) for one in cells]
    if any(one.trimap_hw is not None for one in cells):
        nothing = np.full_like(cells[0].alpha_hw, 0.12)
        yield [
            ("trimap", one.trimap_hw[part]) if one.trimap_hw is not None else ("made earlier: no trimap", nothing[part])
            for one in cells
        ]
    yield [("alpha", one.alpha_hw[part]) for one in cells]
    yield [("comp", over_checker(one.plate_hw3[part], one.alpha_hw[part])) for one in cells]
    yield [("edge, twice as large", over_checker(one.plate_hw3[edge], one.alpha_hw[edge])) for one in cells]


def _around(cells: Sequence[Cell]) -> tuple[slice, slice]:
    """Give the part of the plate that holds the object on all frames, with a margin; all of it where it is nowhere."""
    height, width = cells[0].alpha_hw.shape
    seen = np.maximum.reduce([one.alpha_hw for one in cells]) > 0.02
    if not seen.any():
        return slice(0, height), slice(0, width)
    spans = []
    for inside, length in ((seen.any(1), height), (seen.any(0), width)):
        places = np.flatnonzero(inside)
        more = max(8, round(_MARGIN * (places[-1] - places[0])))
        spans.append(slice(max(0, places[0] - more), min(length, places[-1] + 1 + more)))
    return spans[0], spans[1]


def _edge_of(cells: Sequence[Cell]) -> tuple[slice, slice]:
    """Give the place of the softest edge on the first of the frames, of a size that is shown twice as large."""
    height, width = cells[0].alpha_hw.shape
    across, down = min(_EDGE[0], width), min(_EDGE[1], height)
    alpha = cells[0].alpha_hw
    found = cv2.boxFilter(alpha * (1 - alpha), cv2.CV_32F, (across, down), borderType=cv2.BORDER_CONSTANT)
    y, x = np.unravel_index(int(found.argmax()), found.shape)
    top = int(np.clip(y - down // 2, 0, height - down))
    left = int(np.clip(x - across // 2, 0, width - across))
    return slice(top, top + down), slice(left, left + across)


def _prompted(cell: Cell, part: tuple[slice, slice]) -> Picture:
    """Give the whole plate at the cell's width, with the prompts and the part that is shown below."""
    height, width = cell.alpha_hw.shape
    scale = CELL / width
    size = (CELL, max(1, round(height * scale)))
    picture = np.ascontiguousarray(cv2.resize(cell.plate_hw3, size, interpolation=cv2.INTER_AREA), np.float32)

    def at(x: float, y: float) -> tuple[int, int]:
        return round(x * scale), round(y * scale)

    rows, columns = part
    cv2.rectangle(picture, at(columns.start, rows.start), at(columns.stop, rows.stop), _WHITE, 1)
    for prompt in cell.prompts:
        if isinstance(prompt, Point):
            cv2.circle(picture, at(prompt.x, prompt.y), 7, _WHITE, -1, cv2.LINE_AA)
            cv2.circle(picture, at(prompt.x, prompt.y), 5, _GREEN if prompt.positive else _RED, -1, cv2.LINE_AA)
        elif isinstance(prompt, Box):
            cv2.rectangle(picture, at(prompt.x0, prompt.y0), at(prompt.x1, prompt.y1), _GREEN, 2)
        elif isinstance(prompt, MaskPrompt):
            mask = cv2.resize(read_mask(prompt.path, (width, height)).astype(np.uint8), size)
            outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
            cv2.drawContours(picture, outlines, -1, _GREEN, 2)
    return picture


def frames_shown(frames: Sequence[int], prompted: Sequence[int], count: int) -> list[int]:
    """Choose at most `count` frames, evenly spread, the ends among them, and half of them such that have prompts."""
    if len(frames) <= count:
        return list(frames)
    chosen = [frames[round(step * (len(frames) - 1) / (count - 1))] for step in range(count)]
    free = [frame for frame in chosen[1:-1] if frame not in prompted]
    for frame in [frame for frame in prompted if frame in frames and frame not in chosen][: count // 2]:
        if free:
            _, nearest = min((abs(other - frame), other) for other in free)
            free.remove(nearest)
            chosen[chosen.index(nearest)] = frame
    return sorted(chosen)


Trimaps = Mapping[int, Mapping[str, Picture]]
"""By frame and object, (H, W) of 0, 0.5 and 1."""


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
