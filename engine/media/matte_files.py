"""One matte file: float channels with their names and a signature, out and back in."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from engine import __version__
from engine.contract.errors import PlateError

from .atomic import WriteFailedError, atomic_file
from .exr import Part, encoded_exr
from .half import to_half
from .image_header import Tags, exr_attributes, windows
from .images import damaged, open_image, raise_complaint, to_display_window

SIGNATURE = "mam2/signature"
VERSION = "mam2/version"


Channels = Mapping[str, NDArray[np.float32] | NDArray[np.float16]]


def write_exr(
    path: Path,
    channels: Channels,
    signature: str,
    *,
    exact: bool = False,
    texts: Mapping[str, str] | None = None,
    tags: Tags = MappingProxyType({}),
    crop: bool = False,
    compression: str = "zip",
) -> None:
    """Write (H, W) channels of 0..1 as EXR; the display window is the whole plate.

    Args:
        path: the file.
        channels: by the names that they get; float32, or half already.
        signature: kept in the file.
        exact: keep every bit of float32; otherwise values are rounded to half.
        texts: kept in the header too.
        tags: what the plate says that the file should say too.
        crop: the data window is where something of a matte is; otherwise the whole plate.
        compression: as `encoded_exr`.

    Raises:
        OutputError: as `atomic_file`.
    """
    stored = {name: channel if exact else to_half(channel) for name, channel in channels.items()}
    with atomic_file(path, sum(channel.nbytes for channel in stored.values())) as temporary:
        header = {**(texts or {}), **_attributes(signature), **exr_attributes(tags)}
        part = _part_of(stored) if crop else None
        temporary.write_bytes(encoded_exr(stored, header, part=part, compression=compression))


def _part_of(channels: Channels) -> Part:
    """Give the smallest part of a plate that holds all of its mattes: a pixel where there are none."""
    least = {"A": 0.0, ".alpha": 0.0, ".trimap": 0.0, ".mask": 0.5}  # a tracker's mask is never quite 0
    kinds = {name: "".join(name.rpartition(".")[1:]) for name in channels}
    seen = np.logical_or.reduce([channels[name] > least[kind] for name, kind in kinds.items() if kind in least])
    spans = [np.flatnonzero(seen.any(axis)) for axis in (1, 0)]
    rows, columns = (slice(int(span[0]), int(span[-1]) + 1) if span.size else slice(0, 1) for span in spans)
    return rows, columns


def write_png16(
    path: Path, channel_hw: NDArray[np.float32], signature: str, *, tags: Tags = MappingProxyType({})
) -> None:
    """Write one (H, W) channel of 0..1 as 16-bit grey PNG; the values are data and carry no colour space.

    Of the plate's tags a PNG holds the pixel aspect.

    Raises:
        OutputError: as `atomic_file`.
    """
    height, width = channel_hw.shape
    codes = np.rint(channel_hw * np.float32(65535)).astype(np.uint16)
    spec = OpenImageIO.ImageSpec(width, height, 1, "uint16")
    spec.channelnames = ("Y",)
    for name, text in _attributes(signature).items():
        spec.attribute(name, text)
    spec.attribute("PixelAspectRatio", float(tags.get("pixel_aspect", 1.0)))
    _write(path, spec, codes[..., None])


def read_matte(path: str | Path) -> dict[str, NDArray[np.float32]]:
    """Read a matte file: (H, W) float32 channels by the names in the file, e.g. `A` and `person.alpha`; a PNG's is `Y`.

    They are of the display window; outside the data window they are 0.

    Raises:
        PlateError: `plates.missing`, `plates.empty_file`, `plates.truncated` or `plates.unreadable`.
    """
    path = Path(path)
    with open_image(path) as image:
        size, window = windows(image.spec())
        names, pixels = _read_all(image, path, "float")
    pixels = to_display_window(pixels, window, size)
    return {name: np.ascontiguousarray(pixels[..., index], dtype=np.float32) for index, name in enumerate(names)}


def read_signature(path: str | Path, *, trust: bool = False) -> str | None:
    """Give what `write_*` was given as signature, if the file is whole; every pixel is decoded to be sure.

    Args:
        path: the file.
        trust: nobody but `write_*` puts files there, and those are whole: look at the header alone.

    Returns:
        None for a file that is missing, damaged, cut short, or not one of ours.
    """
    path = Path(path)
    with suppress(PlateError, OSError), open_image(path) as image:
        spec = image.spec()
        signature = spec.get_string_attribute(SIGNATURE, "")
        whole = spec.get_string_attribute(VERSION, "") and (trust or _read_all(image, path, ""))
        return str(signature) if whole else None
    return None


def _read_all(image: Any, path: Path, kind: str) -> tuple[tuple[str, ...], Any]:
    spec = image.spec()
    pixels = image.read_image(0, 0, 0, spec.nchannels, kind or spec.format)
    raise_complaint(image, path)
    if pixels is None:
        raise damaged(path)
    return tuple(spec.channelnames), pixels


def _attributes(signature: str) -> dict[str, str]:
    return {"Software": f"mam2 {__version__}", VERSION: __version__, SIGNATURE: signature}


def _write(path: Path, spec: Any, pixels: Any) -> None:
    with atomic_file(path, spec.image_bytes(True)) as temporary:
        output = OpenImageIO.ImageOutput.create(str(temporary))
        if output is None:
            raise WriteFailedError(OpenImageIO.geterror())
        # Some writers answer True to everything and complain only in the error text.
        fine = output.open(str(temporary), spec) and output.write_image(pixels)
        complaint = output.geterror()
        fine = output.close() and fine
        complaint += output.geterror()
        if not fine or complaint:
            raise WriteFailedError(complaint.strip().partition("\n")[0])
