"""One layer of a matte file as raw half floats, for hosts that read no EXR."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import ServiceError
from engine.media.exr import decoded_channel
from engine.media.images import damaged, open_image, raise_complaint


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
