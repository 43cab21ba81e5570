"""EXR through OpenEXR's own library, which takes half of the processor time that OpenImageIO takes for it.

OpenImageIO stays the reader of all that is less plain, and the judge of files that are damaged.
"""

import io
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
from numpy.typing import NDArray

from .source import Pixels

OpenEXR.set_global_thread_count(os.cpu_count() or 1)

_FLOATS = (np.float16, np.float32)


def to_half(channel: NDArray[np.floating]) -> NDArray[np.float16]:
    """Round float32 to the nearest half floats, with the processor's own instruction, which numpy leaves alone."""
    if channel.dtype == np.float16:
        return channel
    halves: NDArray[np.float16] = cv2.add(channel, 0, dtype=cv2.CV_16F)
    return halves


def encoded_exr(channels: Mapping[str, NDArray[np.floating]], attributes: Mapping[str, str]) -> memoryview:
    """Give an EXR file's bytes, ZIP; data window and display window are both the whole picture.

    Args:
        channels: (H, W) float32 or half by name, stored as they are; one array may serve several.
        attributes: texts kept in the header.
    """
    header: dict[str, Any] = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **attributes}
    file = io.BytesIO()
    with OpenEXR.File(header, dict(channels)) as image:
        image.write(file)
    return file.getbuffer()


def decoded_rgb(path: Path) -> Pixels | None:
    """Read R, G and B of the data window, (h, w, 3) float32, from a file of one part that holds nothing else but A.

    None where that is not what it holds, or where it does not decode; why, OpenImageIO can say.
    """
    with suppress(RuntimeError), OpenEXR.File(str(path)) as image:
        found = image.parts[0].channels if len(image.parts) == 1 else {}
        pixels = next((found[name].pixels for name in ("RGB", "RGBA") if name in found), None)
        if pixels is not None and pixels.dtype in _FLOATS:
            wide: Pixels = pixels if pixels.dtype == np.float32 else cv2.add(pixels, 0, dtype=cv2.CV_32F)
            return wide[..., :3]
    return None
