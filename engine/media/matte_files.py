"""One matte file: float channels with their names and a signature, out and back in."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from engine import __version__
from engine.contract.errors import PlateError

from .atomic import WriteFailedError, atomic_file
from .images import damaged, open_image, raise_complaint

SIGNATURE = "mam2/signature"
VERSION = "mam2/version"

Channels = Mapping[str, NDArray[np.float32]]


def write_exr(path: Path, channels: Channels, signature: str, *, exact: bool = False) -> None:
    """Write (H, W) channels of 0..1 as EXR, ZIP; data window and display window are both the whole plate.

    Args:
        path: the file.
        channels: by the names that they get.
        signature: kept in the file.
        exact: keep every bit as float32; otherwise values are rounded to half.

    Raises:
        OutputError: as `atomic_file`.
    """
    names = tuple(channels)
    height, width = channels[names[0]].shape
    if exact:
        spec = _spec(width, height, names, "float", signature)
        spec.attribute("compression", "zip")
        _write(path, spec, np.stack(list(channels.values()), axis=-1, dtype=np.float32))
        return
    # The same array may serve several channels: it is rounded once. OpenCV interleaves any two bytes a value.
    different = {id(channel): channel for channel in channels.values()}
    halves = {key: channel.astype(np.float16).view(np.int16) for key, channel in different.items()}
    pixels_hwc = cv2.merge([halves[id(channel)] for channel in channels.values()])
    pixels_hwc = pixels_hwc.reshape(height, width, len(names)).view(np.float16)
    spec = _spec(width, height, names, "half", signature)
    spec.attribute("compression", "zip")
    _write(path, spec, pixels_hwc)


def write_png16(path: Path, channel_hw: NDArray[np.float32], signature: str) -> None:
    """Write one (H, W) channel of 0..1 as 16-bit grey PNG; the values are data and carry no colour space.

    Raises:
        OutputError: as `atomic_file`.
    """
    height, width = channel_hw.shape
    codes = np.rint(channel_hw * np.float32(65535)).astype(np.uint16)
    _write(path, _spec(width, height, ("Y",), "uint16", signature), codes[..., None])


def read_matte(path: str | Path) -> dict[str, NDArray[np.float32]]:
    """Read a matte file: (H, W) float32 channels by the names in the file, e.g. `A` and `person.alpha`; a PNG's is `Y`.

    Raises:
        PlateError: `plates.missing`, `plates.empty_file`, `plates.truncated` or `plates.unreadable`.
    """
    path = Path(path)
    with open_image(path) as image:
        names, pixels = _read_all(image, path, "float")
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


def _spec(width: int, height: int, names: tuple[str, ...], kind: str, signature: str) -> Any:
    spec = OpenImageIO.ImageSpec(width, height, len(names), kind)
    spec.channelnames = names
    spec.alpha_channel = names.index("A") if "A" in names else -1
    spec.attribute("Software", f"mam2 {__version__}")
    spec.attribute(VERSION, __version__)
    spec.attribute(SIGNATURE, signature)
    return spec


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
