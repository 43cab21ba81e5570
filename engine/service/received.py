"""Plates as they come: streamed to disk and looked at; how raw pixels lie, in plates and in the layers of mattes."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import PlateError, ServiceError
from engine.media.exr import decoded_channel
from engine.media.images import damaged, open_image, raise_complaint

if TYPE_CHECKING:
    from fastapi import Request  # who reads a plate from the store needs none of it

DTYPES = {"float16": 2, "float32": 4}
ORIGINS = ("top-left", "bottom-left")
MOST_SIDE = 32768
_SUFFIX = re.compile(r"(\d+)x(\d+)x(\d+)\.(float16|float32)\.(top-left|bottom-left)\.raw")
_MAGICS = {
    b"\x76\x2f\x31\x01": "exr",
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpg",
    b"SDPX": "dpx",
    b"XPDS": "dpx",
    b"II*\0": "tif",
    b"MM\0*": "tif",
    b"II+\0": "tif",
    b"MM\0+": "tif",
}


@dataclass(frozen=True)
class RawLayout:
    """Rows of interleaved channels without gaps, little-endian, scene-linear.

    Attributes:
        height, width: in pixels.
        channels: 3 (RGB) or 4 (a fourth is passed over).
        dtype: `float16` or `float32`.
        origin: where the first row is: `top-left` or `bottom-left`.

    Raises:
        PlateError: `plates.raw_layout`.
    """

    height: int
    width: int
    channels: int
    dtype: str = "float16"
    origin: str = "top-left"

    def __post_init__(self) -> None:
        sides = 1 <= self.height <= MOST_SIDE and 1 <= self.width <= MOST_SIDE
        if not (sides and self.channels in (3, 4) and self.dtype in DTYPES and self.origin in ORIGINS):
            raise PlateError(
                "plates.raw_layout",
                f"Raw pixels of {self.width}x{self.height}, {self.channels} channels, {self.dtype}, {self.origin} "
                "cannot be read.",
                f"Send 3 or 4 channels of {' or '.join(DTYPES)}, sides up to {MOST_SIDE}, "
                f"origin {' or '.join(ORIGINS)}.",
            )

    @property
    def size(self) -> int:
        """Bytes of one plate."""
        return self.height * self.width * self.channels * DTYPES[self.dtype]

    def check(self, size: int) -> None:
        """Refuse a plate of another size in bytes.

        Raises:
            PlateError: `plates.truncated`.
        """
        if size != self.size:
            raise PlateError(
                "plates.truncated",
                f"{size} bytes came, but raw pixels of {self.width}x{self.height} with {self.channels} channels of "
                f"{self.dtype} are {self.size}.",
                "Send whole rows without gaps, and the shape as height,width,channels.",
            )

    def suffix(self) -> str:
        """Give the layout as the end of a file's name; `layout_of` is the inverse."""
        return f"{self.height}x{self.width}x{self.channels}.{self.dtype}.{self.origin}.raw"


def layout_of(file_name: str) -> RawLayout | None:
    """Read the layout from a plate's file name, `FRAME.TOKEN.SUFFIX`; None for an image file."""
    match = _SUFFIX.fullmatch(file_name.split(".", 2)[-1])
    if match is None:
        return None
    return RawLayout(int(match[1]), int(match[2]), int(match[3]), match[4], match[5])


def too_large(most_bytes: int) -> ServiceError:
    """Give the error of a plate, raw or not, that has more bytes than one may have."""
    return ServiceError(
        "engine.too_large",
        f"The plate is larger than the {most_bytes} bytes that one may have.",
        "Send smaller plates, or raise MAM2_PLATE_BYTES.",
    )


async def receive(request: "Request", path: Path, layout: RawLayout | None, most_bytes: int) -> str | RawLayout:
    """Stream a body to a file and say what it holds: the image format's file extension, or how raw pixels lie.

    Args:
        request: whose body it is.
        path: a new file on the store's disk; whatever happens, it is the caller's to take over or discard.
        layout: of raw pixels; None for an image file.
        most_bytes: of the body.

    Raises:
        PlateError: `plates.empty_file`, `plates.truncated` (fewer or more raw bytes than the layout says), or
            `plates.format`.
        ServiceError: `engine.too_large`.
    """
    if layout is not None and layout.size > most_bytes:
        raise too_large(most_bytes)
    size, start = 0, b""
    with path.open("wb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            if size > most_bytes:
                raise too_large(most_bytes)
            start = start or bytes(chunk[:8])
            file.write(chunk)
    return _kind(size, start, layout)


def _kind(size: int, start: bytes, layout: RawLayout | None) -> str | RawLayout:
    if layout is not None:
        layout.check(size)
        return layout
    if size == 0:
        raise PlateError("plates.empty_file", "The plate is empty (0 bytes).", "Send the whole file.")
    for magic, kind in _MAGICS.items():
        if start.startswith(magic):
            return kind
    raise PlateError(
        "plates.format",
        "The plate is no image that the engine knows.",
        "Send an EXR, PNG, JPEG, TIFF or DPX file, or raw pixels with the X-Mam2-Shape header.",
    )


def raw_layer(path: Path, layer: str, origin: str) -> tuple[bytes, tuple[int, int]]:
    """Read a layer as bytes.

    Args:
        path: a matte file.
        layer: as of `read_layer`.
        origin: of the rows that are given: `top-left` or `bottom-left`.

    Returns:
        Rows of float16, little-endian, 0..1, and their height and width.

    Raises:
        ServiceError, PlateError: as `read_layer`.
    """
    found = read_layer(path, layer)
    rows = found[::-1] if origin == "bottom-left" else found
    return np.ascontiguousarray(rows, dtype="<f2").tobytes(), (found.shape[0], found.shape[1])


def read_layer(path: Path, layer: str) -> NDArray[np.float16]:
    """Read a layer, (H, W) half floats of 0..1, origin top-left.

    Args:
        path: a matte file.
        layer: `OBJECT.alpha`, `OBJECT.trimap` or `OBJECT.mask`; `alpha`: of all objects together.

    Raises:
        ServiceError: `matte.missing` when there is no such layer.
        PlateError: the file cannot be read.
    """
    channel = "A" if layer == "alpha" else layer
    quick = decoded_channel(path, channel)
    if quick is not None:
        return quick
    with open_image(path) as image:
        names = list(image.spec().channelnames)
        if channel not in names:
            named = ", ".join(sorted(name for name in names if "." in name))
            raise ServiceError(
                "matte.missing", f"The mattes have no layer '{layer}'.", f"Choose alpha, or one of: {named}."
            )
        index = names.index(channel)
        found = image.read_image(0, 0, index, index + 1, "half")
        raise_complaint(image, path)
        if found is None:
            raise damaged(path)
    rows: NDArray[np.float16] = found[..., 0]
    return rows
