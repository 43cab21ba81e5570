"""A clip on disk: a folder of PNG files, and a contact sheet to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from engine.clips.truth import Pixels, TrueClip

_SHEET_WIDTH = 320  # pixels to one picture of a contact sheet
_SHEET_FRAMES = 6
_CHECKER = (90, 150)


def write_clip(clip: TrueClip, folder: Path) -> None:
    """Write `NAME/plate.####.png`, `alpha.####.png`, `foreground.####.png`, and `NAME.sheet.png` beside it.

    Files of an earlier run are replaced, each in one step.

    Raises:
        OSError: a file cannot be written.
    """
    place = folder / clip.name
    place.mkdir(parents=True, exist_ok=True)
    for number, (plate, alpha) in enumerate(zip(clip.plates_thwc, clip.alpha_thw, strict=True)):
        _write(place / f"plate.{number:04}.png", plate[..., ::-1])
        _write(place / f"alpha.{number:04}.png", alpha)
        if clip.foreground_thwc is not None:
            _write(place / f"foreground.{number:04}.png", clip.foreground_thwc[number][..., ::-1])
    _write(folder / f"{clip.name}.sheet.png", contact_sheet(clip)[..., ::-1])


def contact_sheet(clip: TrueClip) -> Pixels:
    """Lay some frames side by side, plate over alpha over the subject on a checkerboard: (H, W, 3) uint8 sRGB."""
    count = len(clip.plates_thwc)
    columns = []
    for index in range(min(_SHEET_FRAMES, count)):
        number = index * (count - 1) // max(min(_SHEET_FRAMES, count) - 1, 1)
        alpha = np.repeat(clip.alpha_thw[number][..., None], 3, axis=2)
        colour = clip.plates_thwc[number] if clip.foreground_thwc is None else clip.foreground_thwc[number]
        share = alpha / 255.0
        comp = (colour * share + _checkerboard(alpha.shape[:2]) * (1.0 - share)).astype(np.uint8)
        columns.append(np.concatenate([_small(picture) for picture in (clip.plates_thwc[number], alpha, comp)], axis=0))
    return np.concatenate(columns, axis=1)


def _checkerboard(size_hw: tuple[int, ...]) -> Pixels:
    square = max(size_hw[0] // 18, 1)
    rows, columns = np.indices(size_hw[:2]) // square
    return np.where((rows + columns) % 2, _CHECKER[0], _CHECKER[1]).astype(np.uint8)[..., None]


def _small(picture: Pixels) -> Pixels:
    height = round(picture.shape[0] * _SHEET_WIDTH / picture.shape[1])
    return np.asarray(cv2.resize(picture, (_SHEET_WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)


def _write(path: Path, picture: Pixels) -> None:
    done, data = cv2.imencode(".png", np.ascontiguousarray(picture))
    if not done:
        raise OSError(f"{path.name} could not be encoded as PNG")
    part = path.with_suffix(".part")
    part.write_bytes(data.tobytes())
    part.replace(path)
