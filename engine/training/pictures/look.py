"""A contact sheet of samples: what training sees, for a person to look at before and while it runs."""

from pathlib import Path

import cv2
import numpy as np
from torch.utils.data import Dataset

from engine.clips.drawn.motion import Bytes
from engine.datasets.pictures import unreadable
from engine.training.samples import Sample

_TILE = 160
_COLOURS = ((80, 220, 80), (230, 70, 60), (70, 120, 240), (240, 200, 60))
_VEIL = 0.6


def contact_sheet(data: Dataset[Sample], samples: int, per_row: int = 5) -> Bytes:
    """Draw samples beside themselves with their objects veiled in colours: first, middle and last frame of a clip.

    Args:
        data: gives sample `i` for every `i`.
        samples: how many, from sample 0.
        per_row: samples a row; clips of more than one frame take three times as much room.

    Returns:
        (H, W, 3) uint8 sRGB.
    """
    cells = [_cell(data[number]) for number in range(samples)]
    columns = max(1, per_row * 2 * _TILE // cells[0].shape[1])
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    rows = [np.hstack(cells[first : first + columns]) for first in range(0, len(cells), columns)]
    return np.vstack(rows)


def write_sheet(sheet: Bytes, path: Path) -> None:
    """Write a contact sheet as a picture; its name says the format.

    Raises:
        PlateError: `data.unreadable` where nothing can be written there.
    """
    if not cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
        raise unreadable(path, "no picture can be written there")


def _cell(sample: Sample) -> Bytes:
    frames = len(sample.plates_tchw)
    shown = sorted({0, frames // 2, frames - 1})
    tiles = []
    for t in shown:
        plate = _tile(sample.plates_tchw[t].permute(1, 2, 0).numpy())
        alphas = [_tile(alpha) for alpha in sample.alpha_nt1hw[:, t, 0].numpy()]
        tiles += [plate, _veiled(plate, alphas)]
    return np.hstack(tiles)


def _tile(picture: Bytes) -> Bytes:
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), (_TILE, _TILE), interpolation=cv2.INTER_AREA))


def _veiled(plate: Bytes, alphas: list[Bytes]) -> Bytes:
    seen = plate.astype(np.float32)
    for number, alpha in enumerate(alphas):
        veil = (alpha * np.float32(_VEIL / 255))[..., None]
        seen += (np.array(_COLOURS[number % len(_COLOURS)], np.float32) - seen) * veil
    return (seen + 0.5).astype(np.uint8)
