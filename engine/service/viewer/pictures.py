"""Pictures for the page: a plate as JPEG, a layer of its mattes as PNG whose alpha is the layer; kept beside the shot.

A picture is as wide as it is shown. It is kept under the mark of the file that it is of, and goes with it.
"""

import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.media.matte_files import read_matte
from engine.media.pictures import eight_bit
from engine.media.source import Pixels
from engine.service.raw_layers import raw_layer
from engine.service.store import Store, StoredShot
from engine.service.stored_plates import PlateAwaited, StoredPlates
from engine.service.viewer.missing import missing

FOLDER = "pictures"
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 88]
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]
_REMEMBERED = 2  # plates and mattes at full size, for values under the cursor


class Pictures:
    """Makes pictures of a store's shots, and tells values of pixels; any thread may ask."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._readers: dict[tuple[object, ...], StoredPlates] = {}
        self._whole: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._lock = threading.Lock()

    def picture(
        self, shot: str, frame: int, layer: str, thing: str, width: int, mark: str, *, preview: bool
    ) -> dict[str, str]:
        """Make a picture, or find the one that was made.

        Args:
            shot: its name.
            frame: the host's number.
            layer: `plate`, `alpha`, `trimap` or `mask`.
            thing: whose layer; empty for the alpha of all objects together.
            width: in pixels; never more than the plate's.
            mark: what the asker has; the picture is not made for one who has it already.
            preview: of the mattes that were made ahead of tracking.

        Returns:
            `mark` of the picture, and the `path` of its file; no path where the mark is the asker's.

        Raises:
            ServiceError: `matte.missing`: plate or matte is not there.
            PlateError: it cannot be read.
        """
        stored = self._store.shot(shot)
        source = stored.plate(frame) if layer == "plate" else stored.matte(frame, preview=preview)
        try:
            found = mark_of(source) if source else ""
        except OSError:
            found = ""
        if source is None or not found:
            raise missing(stored, frame)
        if found == mark:
            return {"mark": mark}
        kind = "jpg" if layer == "plate" else "png"
        name = f"{layer}{'-preview' if preview else ''}.{_plain(thing)}.{width}"
        place = stored.folder / FOLDER / str(frame) / f"{name}.{found}.{kind}"
        if not place.is_file():
            pixels = self._plate(stored, frame, width) if layer == "plate" else _layer(source, layer, thing, width)
            _, data = cv2.imencode(f".{kind}", pixels, _JPEG if kind == "jpg" else _PNG)
            _keep(place, name, data.tobytes())
        return {"mark": found, "path": str(place)}

    def pixel(self, shot: str, frame: int, x: int, y: int) -> dict[str, Any]:
        """Give the values of one pixel: the plate's own `rgb`, and every object's `alpha` by its name.

        Raises:
            ServiceError, PlateError: as `picture`; without mattes there are no alphas.
        """
        stored = self._store.shot(shot)
        plate, matte = stored.plate(frame), stored.matte(frame)
        if plate is None:
            raise missing(stored, frame)
        rgb = self._remembered(plate, lambda: self._reader(stored).stored(frame))
        height, width = rgb.shape[:2]
        x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
        alphas = {}
        if matte.is_file():
            channels = self._remembered(matte, lambda: read_matte(matte))
            alphas = {
                name.removesuffix(".alpha"): round(float(channel[y, x]), 4)
                for name, channel in channels.items()
                if name.endswith(".alpha")
            }
        return {"rgb": [round(float(value), 5) for value in rgb[y, x]], "alpha": alphas}

    def _plate(self, stored: StoredShot, frame: int, width: int) -> NDArray[np.uint8]:
        try:
            display = self._reader(stored).look(frame)
        except PlateAwaited:
            raise missing(stored, frame) from None
        return np.ascontiguousarray(eight_bit(_small(display, width))[..., ::-1])

    def _reader(self, stored: StoredShot) -> StoredPlates:
        declared = stored.declaration()
        size, colours = (declared.width, declared.height), declared.settings.colourspace
        key = (stored.name, size, colours)
        with self._lock:
            if key not in self._readers:
                self._readers = dict(list(self._readers.items())[-3:])
                self._readers[key] = StoredPlates(stored, size, colours)
            return self._readers[key]

    def _remembered(self, path: Path, read: Any) -> Any:
        key = (str(path), mark_of(path))
        with self._lock:
            if key in self._whole:
                self._whole.move_to_end(key)
                return self._whole[key]
        value = read()
        with self._lock:
            self._whole[key] = value
            while len(self._whole) > 2 * _REMEMBERED:
                self._whole.popitem(last=False)
        return value


def mark_of(path: Path) -> str:
    """Give what changes with a file, a link's target included: its time of change, size and number.

    Raises:
        OSError: it is not there.
    """
    found = path.stat()
    return f"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ino:x}"


def _layer(path: Path, layer: str, thing: str, width: int) -> NDArray[np.uint8]:
    data, (height, across) = raw_layer(path, f"{thing}.{layer}" if thing else layer, "top-left")
    values = np.frombuffer(data, "<f2").reshape(height, across).astype(np.float32)
    alpha = eight_bit(_small(values, width))
    white = np.full((*alpha.shape, 4), 255, np.uint8)
    white[..., 3] = alpha
    return white


def _small(image: Pixels, width: int) -> Pixels:
    if width >= image.shape[1]:
        return image
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _plain(name: str) -> str:
    """Give an object's name as a part of a file's."""
    return name.encode().hex()[:120]


def _keep(place: Path, name: str, data: bytes) -> None:
    """Write a picture whole, and let go of those of an older file."""
    place.parent.mkdir(parents=True, exist_ok=True)
    older = [path for path in place.parent.iterdir() if path.name.startswith(f"{name}.")]
    temporary = place.with_name(f".{place.name}.{threading.get_ident()}")
    temporary.write_bytes(data)
    temporary.replace(place)
    for path in older:
        if path != place:
            with suppress(OSError):
                path.unlink()
