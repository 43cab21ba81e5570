"""Pictures for people: composites over a checkerboard, contact sheets. Display-referred sRGB throughout."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from .atomic import WriteFailedError, atomic_file
from .source import Pixels

_SQUARE, _DARK, _LIGHT = 16, 0.35, 0.55
_GAP, _LABEL_HEIGHT = 6, 18

Labelled = tuple[str, NDArray[np.float32]]


def checker(height: int, width: int) -> Pixels:
    """Give a grey checkerboard, (H, W, 3) float32."""
    y, x = np.ogrid[:height, :width]
    squares = np.where((y // _SQUARE + x // _SQUARE) % 2 == 0, np.float32(_LIGHT), np.float32(_DARK))
    return np.repeat(squares[..., None], 3, axis=2)


def over_checker(plate_display_hwc: Pixels, alpha_hw: NDArray[np.float32], background: Pixels | None = None) -> Pixels:
    """Lay a plate over a background by its alpha, for looking at.

    The plate's own colours are used at edges as they are, so what stays of its background there shows.

    Args:
        plate_display_hwc: (H, W, 3) float32 sRGB, 0..1.
        alpha_hw: (H, W) float32, 0..1.
        background: (H, W, 3) or (3,) float32 sRGB, 0..1; None is a checkerboard.

    Returns:
        (H, W, 3) float32 sRGB, 0..1.
    """
    behind = checker(*alpha_hw.shape) if background is None else np.asarray(background, np.float32)
    alpha = alpha_hw[..., None]
    return plate_display_hwc * alpha + behind * (1 - alpha)


def contact_sheet(rows: Sequence[Sequence[Labelled]], *, cell_width: int = 320) -> Pixels:
    """Lay labelled pictures out in rows.

    Args:
        rows: in each row (label, picture); a picture is (H, W, 3) or (H, W) float32 of 0..1.
        cell_width: width of every picture on the sheet in pixels; heights keep their proportion.

    Returns:
        (H, W, 3) float32, 0..1.
    """
    cells = [[_cell(label, picture, cell_width) for label, picture in row] for row in rows if row]
    if not cells:
        raise ValueError("a contact sheet needs a picture")
    width = max(len(row) for row in cells) * (cell_width + _GAP) + _GAP
    heights = [max(len(cell) for cell in row) for row in cells]
    sheet = np.full((sum(heights) + _GAP * (len(cells) + 1), width, 3), 0.12, np.float32)
    top = _GAP
    for row, height in zip(cells, heights, strict=True):
        for column, cell in enumerate(row):
            left = _GAP + column * (cell_width + _GAP)
            sheet[top : top + len(cell), left : left + cell_width] = cell
        top += height + _GAP
    return sheet


def write_picture(path: str | Path, display: NDArray[np.float32]) -> None:
    """Write an 8-bit sRGB picture, PNG or JPEG by its extension, whole or not at all.

    Args:
        path: where to.
        display: (H, W, 3) or (H, W) float32 sRGB, 0..1.

    Raises:
        OutputError: as `atomic_file`.
    """
    path = Path(path)
    codes = eight_bit(display if display.ndim == 3 else display[..., None])
    height, width, channels = codes.shape
    with atomic_file(path, codes.nbytes) as temporary:
        output = OpenImageIO.ImageOutput.create(str(temporary))
        if output is None:
            raise WriteFailedError(OpenImageIO.geterror())
        spec = OpenImageIO.ImageSpec(width, height, channels, "uint8")
        fine = output.open(str(temporary), spec) and output.write_image(codes)
        complaint = output.geterror()
        fine = output.close() and fine
        if not fine or complaint:
            raise WriteFailedError(complaint.strip().partition("\n")[0])


def eight_bit(display: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Round 0..1 to 0..255."""
    codes: NDArray[np.uint8] = np.rint(np.clip(np.nan_to_num(display), 0, 1) * np.float32(255)).astype(np.uint8, "C")
    return codes


def alpha_png(codes_hw: NDArray[np.uint8]) -> bytes:
    """Give a PNG, white all over, whose alpha these codes are.

    One byte a pixel: a palette of 256 whites, the transparency of each its number. That takes a tenth of the time of
    four channels, three of which would say nothing.
    """
    height, width = codes_hw.shape
    rows = np.zeros((height, width + 1), np.uint8)  # every row begins with its filter: none
    rows[:, 1:] = codes_hw
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", b"\xff" * 3 * 256),
        (b"tRNS", bytes(range(256))),
        (b"IDAT", zlib.compress(rows.tobytes(), 1)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _cell(label: str, picture: NDArray[np.float32], width: int) -> Pixels:
    colour = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    height = max(1, round(colour.shape[0] * width / colour.shape[1]))
    small = cv2.resize(np.ascontiguousarray(colour, np.float32), (width, height), interpolation=cv2.INTER_AREA)
    strip = np.zeros((_LABEL_HEIGHT, width, 3), np.uint8)
    cv2.putText(strip, label, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (230, 230, 230), 1, cv2.LINE_AA)
    return np.concatenate([strip * np.float32(1 / 255), small])
