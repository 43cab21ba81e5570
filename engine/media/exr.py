"""EXR through OpenEXR's own library, which takes half of the processor time that OpenImageIO takes for it.

OpenImageIO stays the reader of all that is less plain, and the judge of files that are damaged.
"""

import io
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from .source import Stored

_MAGIC = b"\x76\x2f\x31\x01"
_SIZE, _ATTRIBUTE, _MOST_ATTRIBUTES = 4, 520, 1000  # bytes of a size, and of two names with one; attributes looked at
_COMPRESSIONS = {"zip": OpenEXR.ZIP_COMPRESSION, "dwaa": OpenEXR.DWAA_COMPRESSION}
_AT_ONCE = 256 << 20  # bytes of all channels of a file of which one is asked for


def _use_threads() -> None:
    OpenEXR.set_global_thread_count(os.cpu_count() or 1)


_use_threads()
if hasattr(os, "register_at_fork"):
    # A forked process gets none of the library's threads, but would wait for them for ever: it goes without.
    os.register_at_fork(before=lambda: OpenEXR.set_global_thread_count(0), after_in_parent=_use_threads)


Part = tuple[slice, slice]
"""Rows and columns of a picture."""


def encoded_exr(
    channels: Mapping[str, NDArray[np.floating]],
    attributes: Mapping[str, Any],
    *,
    part: Part | None = None,
    compression: str = "zip",
) -> memoryview:
    """Give an EXR file's bytes; the display window is the whole picture.

    Args:
        channels: (H, W) float32 or half by name, stored as they are; one array may serve several.
        attributes: of the header, texts of our own and OpenEXR's standard ones.
        part: the data window; None: the whole picture.
        compression: `zip`, or `dwaa`, which loses a little of channels named R, G and B and keeps every other to the
            bit (OpenEXR's technical introduction, "Data Compression").
    """
    header: dict[str, Any] = {"compression": _COMPRESSIONS[compression], "type": OpenEXR.scanlineimage, **attributes}
    stored = dict(channels)
    if part is not None:
        height, width = next(iter(stored.values())).shape
        rows, columns = part
        header["displayWindow"] = _window((0, 0), (width - 1, height - 1))
        header["dataWindow"] = _window((columns.start, rows.start), (columns.stop - 1, rows.stop - 1))
        stored = {name: np.ascontiguousarray(channel[part]) for name, channel in stored.items()}
    file = io.BytesIO()
    with OpenEXR.File(header, stored) as image:
        image.write(file)
    return file.getbuffer()


def _window(first: tuple[int, int], last: tuple[int, int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return np.array(first, np.int32), np.array(last, np.int32)


def decoded_rgb(path: Path, *, planes: bool) -> Stored | None:
    """Read R, G and B of the data window, (h, w, 3) as stored; None where they do not decode: OpenImageIO can say why.

    Args:
        path: a file of one part that holds them, and nothing else but A, in one kind of float.
        planes: one channel lies behind the other in memory, instead of one pixel behind the other.
    """
    with suppress(RuntimeError, ValueError), OpenEXR.File(str(path), separate_channels=planes) as image:
        (part,) = image.parts  # there is none of a damaged file
        pixels: dict[str, Stored] = {name: channel.pixels for name, channel in part.channels.items()}
        if planes:
            stacked: Stored = np.stack([pixels[name] for name in "RGB"]).transpose(1, 2, 0)
            return stacked
        return pixels["RGBA" if "RGBA" in pixels else "RGB"][..., :3]
    return None


def channel_list_bytes(file: BinaryIO) -> int:
    """Give the length of the channel list in the header of an EXR's first part; 0 for what is no EXR."""
    if file.read(4) != _MAGIC:
        return 0
    place = 8
    for _ in range(_MOST_ATTRIBUTES):
        file.seek(place)
        name, _, rest = file.read(_ATTRIBUTE).partition(b"\0")
        kind, _, rest = rest.partition(b"\0")
        if not name or len(rest) < _SIZE:
            break
        size = int.from_bytes(rest[:_SIZE], "little")
        if kind == b"chlist":
            return size
        place += len(name) + len(kind) + 2 + _SIZE + size
    return 0


def decoded_channel(path: Path, name: str) -> NDArray[np.float16] | None:
    """Read one channel of half floats, (H, W), of a file whose windows are one; None where that cannot be done here.

    The library decodes all channels for one, and still takes half of OpenImageIO's time; not of a file whose channels
    would take much memory.
    """
    with suppress(RuntimeError, ValueError, LookupError):
        with OpenEXR.File(str(path), header_only=True) as image:
            header = image.parts[0].header
        first, last = header["dataWindow"]
        whole = np.array_equal(header["dataWindow"], header["displayWindow"])
        if not whole or 2 * np.prod(last - first + 1) * len(header["channels"]) > _AT_ONCE:
            return None
        with OpenEXR.File(str(path), separate_channels=True) as image:
            found: NDArray[np.float16] = image.parts[0].channels[name].pixels
        return found if found.dtype == np.float16 else None
    return None
