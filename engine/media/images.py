"""One image file to float pixels, through OpenImageIO; every way it can fail becomes a `PlateError`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from .exr import decoded_rgb
from .half import to_float
from .image_errors import cannot_open, check_kind, check_name, damaged, no_layer
from .image_header import ImageHeader, header_of, refuse_kinds, upright, windows
from .layers import PLAIN, Choice, Part, choose
from .source import Pixels, Stored, Window

__all__ = [
    "ImageHeader",
    "damaged",
    "finite",
    "open_image",
    "read_channels",
    "read_header",
    "read_rgb",
    "read_small",
    "windows",
]

EXTENSIONS = frozenset({"exr", "dpx", "cin", "tif", "tiff", "png", "jpg", "jpeg", "tga", "bmp", "webp", "hdr"})

_HALF_EXPONENT = np.uint16(0x7C00)
"""Bits of a half float's exponent; all are set in infinities and NaN alone."""


def read_header(path: Path, layer: str | None = None) -> ImageHeader:
    """Read the header of an image and find the picture in it, as `choose` does; the pixels stay on disk.

    Raises:
        PlateError: as `PlateSource.read`.
    """
    with open_image(path) as image:
        return _header(image, path, layer)


def read_rgb(path: Path, layer: str | None = None) -> tuple[Stored, ImageHeader]:
    """Read the picture as viewers show it: (H, W, 3) RGB of the display window; grey is spread to RGB.

    Values are as in the file, turned upright where it says that it lies on its side.

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
    whole = to_display_window(stored, header.stored_window, header.stored_size)
    return finite(upright(whole, header.orientation)), header


def read_small(path: Path, width: int) -> tuple[Stored, ImageHeader]:
    """Read the picture as `read_rgb` does, but at most so many pixels wide: means over areas of the stored values.

    Whole numbers of 8 bits are rounded to such once more, which costs an eye nothing and takes a third of the time.

    Raises:
        PlateError: as `PlateSource.read`.
    """
    with open_image(path) as image:
        header = _header(image, path, None)
        if str(image.spec().format) == "uint8" and header.stored_window == (0, 0, *header.stored_size):
            codes = upright(_read(image, path, header.choice, "uint8"), header.orientation)
            small = reduced(np.ascontiguousarray(codes), width).astype(np.float32) * np.float32(1 / 255)
            return small.repeat(3, axis=2) if small.shape[2] == 1 else small, header
    stored, header = read_rgb(path)
    return reduced(to_float(stored), width), header


def reduced(image: NDArray[Any], width: int) -> NDArray[Any]:
    """Give (H, W) or (H, W, C) pixels no more than `width` pixels wide, means over areas; the shape of pixels stays."""
    if width >= image.shape[1]:
        return image
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    small: NDArray[Any] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return small.reshape(height, width, *image.shape[2:])


def finite(pixels: Stored) -> Stored:
    """Replace NaN and negative infinity by 0 and positive infinity by the largest finite value there is.

    A renderer's fireflies and divisions by zero would otherwise spread through every filter and network. Float32 is
    changed in place; half floats come back as they are, or as float32 where one of them had to be replaced.
    """
    if pixels.dtype == np.float16:
        if not ((pixels.view(np.uint16) & _HALF_EXPONENT) == _HALF_EXPONENT).any():
            return pixels
        pixels = to_float(np.ascontiguousarray(pixels))  # rows may lie in any order
    # One sum tells whether anything is wrong, in a fraction of the time of looking at every value.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(pixels.sum(dtype=np.float32)):
            return pixels
    good = np.isfinite(pixels)
    if not good.all():
        largest = float(pixels.max(initial=0.0, where=good))
        np.nan_to_num(pixels, copy=False, nan=0.0, posinf=largest, neginf=0.0)
    return pixels


def to_display_window(stored: Stored, window: Window, size: tuple[int, int]) -> Stored:
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
        PlateError: `plates.missing`, `plates.empty_file`, `plates.truncated`, `plates.unreadable` or
            `plates.name`.
    """
    check_name(path)
    check_kind(path)
    hints = OpenImageIO.ImageSpec()
    # Colours stay as stored: by default OpenImageIO would multiply those of a PNG by its alpha.
    hints.attribute("oiio:UnassociatedAlpha", 1)
    image = OpenImageIO.ImageInput.open(str(path), hints)
    if image is None:
        raise cannot_open(path, OpenImageIO.geterror())
    try:
        raise_complaint(image, path)
        yield image
    finally:
        image.geterror()
        image.close()


def read_channels(image: Any, path: Path, choice: Choice) -> Pixels:
    """Read channels of an open image's part: (h, w, n) float32 of the data window, in the order of `choice`.

    Raises:
        PlateError: `plates.truncated` if not every pixel can be had, `plates.unreadable`.
    """
    return np.asarray(_read(image, path, choice, "float"), dtype=np.float32)


def _read(image: Any, path: Path, choice: Choice, kind: str) -> NDArray[Any]:
    """Read channels as `read_channels` does, in OpenImageIO's name of a type."""
    image.seek_subimage(choice.part, 0)
    refuse_kinds(image.spec(), path)
    low, high = min(choice.channels), max(choice.channels) + 1
    pixels = image.read_image(choice.part, 0, low, high, kind)
    raise_complaint(image, path)
    if pixels is None:
        raise damaged(path)
    order = [channel - low for channel in choice.channels]
    stored: NDArray[Any] = np.asarray(pixels)
    return stored if order == list(range(stored.shape[2])) else stored[..., order]


def raise_complaint(image: Any, path: Path) -> None:
    """Raise if an open image's decoder complains: it may fill what it cannot read with grey and mention it only here.

    Raises:
        PlateError: `plates.truncated` or `plates.unreadable`.
    """
    complaint = image.geterror()
    # Stray bytes between JPEG segments are the one complaint that costs no pixel.
    if complaint and "extraneous bytes" not in complaint:
        raise damaged(path, complaint)


def parts_of(image: Any) -> tuple[Part, ...]:
    """List the parts of an open image with their channels."""
    parts: list[Part] = []
    while image.seek_subimage(len(parts), 0):
        spec = image.spec()
        view = spec.get_string_attribute("view", "")
        parts.append(Part(spec.get_string_attribute("oiio:subimagename", ""), tuple(spec.channelnames), view))
        if image.format_name() != "openexr":
            # Pages of a TIFF are not layers of one picture.
            return tuple(parts)
    # Looking for a part beyond the last leaves a message.
    image.geterror()
    return tuple(parts)


def _header(image: Any, path: Path, layer: str | None) -> ImageHeader:
    parts = parts_of(image)
    layered = image.format_name() == "openexr"
    # Other formats hold one picture, in colour or in grey: writers drop colour where there is none.
    choice = choose(parts, None if layer == PLAIN and not layered else layer)
    if choice is None:
        raise no_layer(path, layer, parts)
    if not layered and layer is None:
        choice = Choice(choice.part, choice.channels)
    return header_of(image, path, choice, parts)


def _read_plain(image: Any, path: Path, choice: Choice) -> Stored | None:
    """Read an EXR that holds little but the picture, so that all of it costs no more than that; None: it holds more."""
    spec, kind = image.spec(), str(image.spec().format)
    alone = image.format_name() == "openexr" and spec.get_int_attribute("oiio:subimages", 1) == 1
    alike = kind in {"half", "float"} and not spec.channelformats and spec.nchannels <= len("RGBA")
    if alone and alike and [spec.channelnames[channel] for channel in choice.channels] == list("RGB"):
        return decoded_rgb(path, planes=kind == "half")
    return None
