"""One layer of a matte file as raw half floats, for hosts that read no EXR."""

from pathlib import Path

import numpy as np

from engine.contract.errors import ServiceError
from engine.media.images import damaged, open_image, raise_complaint


def raw_layer(path: Path, layer: str, origin: str) -> tuple[bytes, tuple[int, int]]:
    """Read a layer.

    Args:
        path: a matte file.
        layer: `OBJECT.alpha`, `OBJECT.trimap` or `OBJECT.mask`; `alpha`: of all objects together.
        origin: of the rows that are given: `top-left` or `bottom-left`.

    Returns:
        Rows of float16, little-endian, 0..1, and their height and width.

    Raises:
        ServiceError: `matte.missing` when there is no such layer.
        PlateError: the file cannot be read.
    """
    with open_image(path) as image:
        names = list(image.spec().channelnames)
        channel = "A" if layer == "alpha" else layer
        if channel not in names:
            named = ", ".join(sorted(name for name in names if "." in name))
            raise ServiceError(
                "matte.missing", f"The mattes have no layer '{layer}'.", f"Choose alpha, or one of: {named}."
            )
        index = names.index(channel)
        found = image.read_image(0, 0, index, index + 1, "half")  # a host waits: the other channels cost time
        raise_complaint(image, path)
        if found is None:
            raise damaged(path)
    rows = found[::-1, :, 0] if origin == "bottom-left" else found[..., 0]
    return np.ascontiguousarray(rows, dtype="<f2").tobytes(), (found.shape[0], found.shape[1])
