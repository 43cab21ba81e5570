"""One image file to float pixels, through OpenImageIO; every way it can fail becomes a `PlateError`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO

from engine.contract.errors import PlateError

from .exr import decoded_rgb
from .half import to_float
from .layers import Choice, Part, choose, names
from .source import Pixels, Stored

EXTENSIONS = frozenset({"exr", "dpx", "cin", "tif", "tiff", "png", "jpg", "jpeg", "tga", "bmp", "webp", "hdr"})

_MAGICS = (b"\x76\x2f\x31\x01", b"\x89PNG", b"\xff\xd8\xff", b"SDPX", b"XPDS", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MORE_MAGICS = (b"\x80\x2a\x5f\xd7", b"\xd7\x5f\x2a\x80", b"BM", b"RIFF", b"#?RA")
_HALF_EXPONENT = np.uint16(0x7C00)
"""Bits of a half float's exponent; all are set in infinities and NaN alone."""
_LOG_TRANSFERS = ("Printing density", "Logarithmic")


@dataclass(frozen=True)
class ImageHeader:
    """What is known of an image before its pixels are read; the windows are as in `Plate`."""

    size: tuple[int, int]
    data_window: tuple[int, int, int, int]
    pixel_aspect: float
    encoding: str
    choice: Choice


def read_header(path: Path, layer: str | None = None) -> ImageHeader:
    """Read the header of an image and find the picture in it; the pixels stay on disk.

    Raises:
        PlateError: as `PlateSource.read`.
    """
    with open_image(path) as image:
        return _header(image, path, layer)


def read_rgb(path: Path, layer: str | None = None) -> tuple[Stored, ImageHeader]:
    """Read the picture: (H, W, 3) RGB of the display window, values as in the file; grey is spread to RGB.

    They are float32, or half where the file holds nothing else. Integers become 0..1; infinite values and NaN are
    replaced as `finite` says.

    Raises:
        PlateError: as `PlateSource.read`.
    """
    with open_image(path) as image:
        header = _header(image, path, layer)
        plain = _read_plain(image, path, header.choice)
        stored: Stored = read_channels(image, path, header.choice) if plain is None else plain
    if stored.shape[2] == 1:
        stored = stored.repeat(3, axis=2)
    return finite(to_display_window(stored, header.data_window, header.size)), header


def finite(pixels: Stored) -> Stored:
    """Replace NaN and negative infinity by 0 and positive infinity by the largest finite value there is.

    A renderer's fireflies and divisions by zero would otherwise spread through every filter and network. Float32 is
    changed in place; half floats come back as they are, or as float32 where one of them had to be replaced.
    """
    if pixels.dtype == np.float16:
        if not ((pixels.view(np.uint16) & _HALF_EXPONENT) == _HALF_EXPONENT).any():
            return pixels
        pixels = to_float(pixels)
    # One sum tells whether anything is wrong, in a fraction of the time of looking at every value.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(pixels.sum(dtype=np.float32)):
            return pixels
    good = np.isfinite(pixels)
    if not good.all():
        largest = float(pixels.max(initial=0.0, where=good))
        np.nan_to_num(pixels, copy=False, nan=0.0, posinf=largest, neginf=0.0)
    return pixels


def to_display_window(stored: Stored, window: tuple[int, int, int, int], size: tuple[int, int]) -> Stored:
    """Lay stored pixels at `window` (x0, y0, x1, y1) on a black picture of `size` (width, height); crop overscan."""
    x0, y0, x1, y1 = window
    width, height = size
    if window == (0, 0, width, height):
        return stored
    picture = np.zeros((height, width, stored.shape[2]), stored.dtype)
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    if left < right and top < bottom:
        picture[top:bottom, left:right] = stored[top - y0 : bottom - y0, left - x0 : right - x0]
    return picture


@contextmanager
def open_image(path: Path) -> Iterator[Any]:
    """Open an image for reading as an `OpenImageIO.ImageInput`, and close it whatever happens.

    Raises:
        PlateError: `plates.missing`, `plates.empty_file`, `plates.truncated` or `plates.unreadable`.
    """
    hints = OpenImageIO.ImageSpec()
    # Colours stay as stored: by default OpenImageIO would multiply those of a PNG by its alpha.
    hints.attribute("oiio:UnassociatedAlpha", 1)
    image = OpenImageIO.ImageInput.open(str(path), hints)
    if image is None:
        raise _cannot_open(path, OpenImageIO.geterror())
    try:
        raise_complaint(image, path)
        yield image
    finally:
        image.geterror()
        image.close()


def read_channels(image: Any, path: Path, choice: Choice) -> Pixels:
    """Read channels of an open image's part: (h, w, n) float32 of the data window, in the order of `choice`.

    Raises:
        PlateError: `plates.truncated` if not every pixel can be had.
    """
    low, high = min(choice.channels), max(choice.channels) + 1
    pixels = image.read_image(choice.part, 0, low, high, "float")
    raise_complaint(image, path)
    if pixels is None:
        raise damaged(path)
    order = [channel - low for channel in choice.channels]
    stored = np.asarray(pixels, dtype=np.float32)
    return stored if order == list(range(stored.shape[2])) else stored[..., order]


def raise_complaint(image: Any, path: Path) -> None:
    """Raise if an open image's decoder complains: it may fill what it cannot read with grey and mention it only here.

    Raises:
        PlateError: `plates.truncated`.
    """
    complaint = image.geterror()
    # Stray bytes between JPEG segments are the one complaint that costs no pixel.
    if complaint and "extraneous bytes" not in complaint:
        raise damaged(path, complaint)


def damaged(path: Path, complaint: str = "") -> PlateError:
    """Describe a file that ends too early or whose contents do not decode."""
    said = complaint.strip().splitlines()
    detail = f" (the reader says: {said[0].rstrip('.')})" if said else ""
    return PlateError(
        "plates.truncated",
        f"'{path.name}' is cut short or damaged{detail}.",
        f"Render or copy the frame again: {path}",
    )


def windows(spec: Any) -> tuple[tuple[int, int], tuple[int, int, int, int]]:
    """Give the display window's width and height, and the data window relative to its top-left corner."""
    x0, y0 = spec.x - spec.full_x, spec.y - spec.full_y
    return (spec.full_width, spec.full_height), (x0, y0, x0 + spec.width, y0 + spec.height)


def _header(image: Any, path: Path, layer: str | None) -> ImageHeader:
    parts = _parts(image)
    choice = choose(parts, layer)
    if choice is None:
        raise _no_layer(path, layer, parts)
    image.seek_subimage(choice.part, 0)
    spec = image.spec()
    if spec.deep:
        raise PlateError(
            "plates.unreadable",
            f"'{path.name}' holds deep data, which has no single colour per pixel.",
            "Flatten it to an ordinary image first.",
        )
    size, window = windows(spec)
    aspect = float(spec.get_float_attribute("PixelAspectRatio", 1.0))
    return ImageHeader(size, window, aspect if aspect > 0 else 1.0, _encoding(image, spec), choice)


def _read_plain(image: Any, path: Path, choice: Choice) -> Stored | None:
    """Read an EXR that holds little but the picture, so that all of it costs no more than that; None: it holds more."""
    spec, kind = image.spec(), str(image.spec().format)
    alone = image.format_name() == "openexr" and spec.get_int_attribute("oiio:subimages", 1) == 1
    alike = kind in {"half", "float"} and not spec.channelformats and spec.nchannels <= len("RGBA")
    if alone and alike and [spec.channelnames[channel] for channel in choice.channels] == list("RGB"):
        return decoded_rgb(path, planes=kind == "half")
    return None


def _parts(image: Any) -> tuple[Part, ...]:
    parts: list[Part] = []
    while image.seek_subimage(len(parts), 0):
        spec = image.spec()
        parts.append(Part(spec.get_string_attribute("oiio:subimagename", ""), tuple(spec.channelnames)))
        if image.format_name() != "openexr":
            # Pages of a TIFF are not layers of one picture.
            return tuple(parts)
    # Looking for a part beyond the last leaves a message.
    image.geterror()
    return tuple(parts)


def _encoding(image: Any, spec: Any) -> str:
    kind = image.format_name()
    if kind == "cineon":
        return "log"
    if kind == "dpx":
        transfer = spec.get_string_attribute("dpx:Transfer", "")
        if transfer in _LOG_TRANSFERS:
            return "log"
        # An unmarked DPX is taken as video: video read as film log loses its shadows, the other mistake only contrast.
        return "scene-linear" if transfer == "Linear" else "rec709"
    return "scene-linear" if str(spec.format) in {"half", "float", "double"} else "srgb"


def _cannot_open(path: Path, complaint: str) -> PlateError:
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError:
        return PlateError("plates.missing", f"There is no file '{path}'.", "Check the path.")
    except OSError as problem:
        return PlateError(
            "plates.unreadable",
            f"'{path}' cannot be read: {problem.strerror or problem}.",
            "Check the path and its permissions.",
        )
    if not start:
        return PlateError(
            "plates.empty_file",
            f"'{path.name}' is empty (0 bytes).",
            f"A render or a copy was stopped before it wrote anything: make the frame again: {path}",
        )
    if start.startswith(_MAGICS + _MORE_MAGICS):
        return damaged(path, complaint)
    return PlateError(
        "plates.unreadable",
        f"'{path.name}' is not an image that can be read.",
        "Give EXR, DPX, TIFF, PNG or JPEG files, or a movie.",
    )


def _no_layer(path: Path, layer: str | None, parts: tuple[Part, ...]) -> PlateError:
    found = names(parts)
    if layer is None:
        message = f"'{path.name}' holds no colour picture of its own."
    else:
        message = f"'{path.name}' has no layer or part called '{layer}'."
    hint = f"It has these layers: {', '.join(found)}." if found else "It has no named layers: give none."
    return PlateError("plates.layer", message, hint)
