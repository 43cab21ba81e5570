"""A plate as a request's body: streamed to disk, looked at, then taken over or gone."""

from pathlib import Path

from fastapi import Request

from engine.contract.errors import PlateError
from engine.service.raw import RawLayout, too_large

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


async def receive(request: Request, path: Path, layout: RawLayout | None, most_bytes: int) -> str | RawLayout:
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
