"""A clip becomes a shot: looked at, then brought into the store, where its plates are links to the artist's own files.

A movie's frames, and those of a layer that is not the files' first, are decoded instead.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from engine.media.colour import DisplayTransform
from engine.media.images import finite
from engine.media.plates import open_plates
from engine.media.sequences import SequenceSource
from engine.service.messages import Message
from engine.service.received import RawLayout
from engine.service.store import Store, discard

_BATCH = 16  # frames between two messages


def describe(path: str, layer: str | None, colourspace: str | None) -> dict[str, Any]:
    """Look at a clip: its name, frame range, size and colour space; only the first header is read.

    Raises:
        PlateError: as `open_plates`.
        ColourError: there is no such colour space.
    """
    with open_plates(path, layer=layer) as source:
        colours = DisplayTransform(colourspace, source.encoding).colourspace
        return {
            "name": source.name,
            "first": source.first,
            "last": source.last,
            "size": list(source.size),
            "colourspace": colours,
            "missing": source.last - source.first + 1 - len(source.frames),
        }


def bring_in(
    store: Store, *, shot: str, path: str, layer: str | None, tell: Callable[[Message], None], stop: Event
) -> dict[str, Any]:
    """Give a stored shot the plates of a clip, telling which frames have come.

    Raises:
        PlateError: a frame cannot be read.
        ServiceError: the shot is gone.
    """
    come: list[int] = []
    with open_plates(path, layer=layer) as source:
        linked = isinstance(source, SequenceSource) and layer is None
        for frame in source.frames:
            if stop.is_set():
                break
            received = store.incoming()
            if linked:
                file = source.path_of(frame).resolve()
                _link(file, received)
                kind: str | RawLayout = file.suffix[1:].lower()
            else:
                pixels = finite(source.read(frame).pixels_hwc).astype(np.float16)
                kind = RawLayout(*pixels.shape)
                received.write_bytes(np.ascontiguousarray(pixels, "<f2").tobytes())
            for older in store.shot(shot).put_plate(frame, received, kind):
                discard(older)
            come.append(frame)
            if len(come) == _BATCH:
                tell({"frames": come})
                come = []
    tell({"frames": come})
    return {}


def _link(file: Path, place: Path) -> None:
    """Make a name for a file: a link, or a copy where the system allows none."""
    try:
        place.symlink_to(file)
    except OSError:
        try:
            os.link(file, place)
        except OSError:
            shutil.copyfile(file, place)
