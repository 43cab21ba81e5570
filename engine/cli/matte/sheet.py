"""`--preview sheet`: a column a frame, a row an object, in it plate with prompts, trimap, alpha, comp and edge."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.contract.shot import Box, MaskPrompt, Point, Prompt
from engine.media.masks import read_mask
from engine.media.pictures import Labelled, contact_sheet, over_checker

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
    """Choose at most `count` frames: some that have prompts, and others evenly spread, the ends among them."""
    told = [frame for frame in prompted if frame in frames][: count // 2]
    others = [frame for frame in frames if frame not in told]
    room = min(count - len(told), len(others))
    spread = {others[round(step * (len(others) - 1) / max(room - 1, 1))] for step in range(room)}
    return sorted({*told, *spread})


Trimaps = Mapping[int, Mapping[str, Picture]]
"""By frame and object, (H, W) of 0, 0.5 and 1."""
