"""Plates for the tests of the stand-in: files with a data window, and what was read of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import OpenImageIO

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Plate:
    """A file's content.

    Args:
        pixels: (h, w, channels) float32 over the data window, top-left origin.
        data: data window: left, top, width, height, in pixels from the display window's top left, y down.
        display: width and height.
    """

    pixels: np.ndarray
    data: tuple[int, int, int, int]
    display: tuple[int, int]
    channels: tuple[str, ...] = ("R", "G", "B")
    aspect: float = 1.0
    datatype: str = "half"
    compression: str = "none"


def save(path: Path, plate: Plate) -> str:
    """Write an EXR and give its name."""
    left, top, width, height = plate.data
    spec = OpenImageIO.ImageSpec(width, height, len(plate.channels), plate.datatype)
    spec.channelnames = list(plate.channels)
    spec.x, spec.y = left, top
    spec.full_width, spec.full_height = plate.display
    spec["PixelAspectRatio"] = plate.aspect
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(np.ascontiguousarray(plate.pixels, np.float32)), out.geterror()
    out.close()
    return str(path)


def load(path: Path | str) -> Plate:
    """Read an EXR."""
    source = OpenImageIO.ImageInput.open(str(path))
    assert source is not None, OpenImageIO.geterror()
    spec = source.spec()
    pixels = source.read_image("float")
    source.close()
    return Plate(
        pixels.reshape(spec.height, spec.width, -1),
        (spec.x, spec.y, spec.width, spec.height),
        (spec.full_width, spec.full_height),
        tuple(spec.channelnames),
        float(spec.getattribute("PixelAspectRatio") or 1.0),
        str(spec.format),
        str(spec.getattribute("compression")),
    )


def noise(width: int, height: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Give random pixels that half floats hold exactly, above 1 too."""
    values = np.random.default_rng(seed).uniform(-0.25, 6, (height, width, channels))
    return values.astype(np.float16).astype(np.float32)
