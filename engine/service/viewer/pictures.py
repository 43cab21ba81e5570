"""Pictures for the page and for panels: JPEG, but PNG of a layer, whose alpha it is; kept beside the shot.

A picture is as wide as it is shown: plates are made smaller before their colours are converted. It is kept under the
mark of the files that it is of, and goes with them.
"""

import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import ServiceError
from engine.media.half import to_float
from engine.media.images import reduced
from engine.media.matte_files import read_matte
from engine.media.pictures import alpha_png, over_checker
from engine.media.source import Pixels
from engine.service.received import read_layer
from engine.service.store import Store, StoredShot
from engine.service.stored_plates import PlateAwaited, StoredPlates


def missing(stored: StoredShot, frame: int) -> ServiceError:
    """Say that a frame's plate or matte is not there."""
    return ServiceError("matte.missing", f"Frame {frame} of '{stored.name}' is not there yet.", "Track the shot first.")


FOLDER = "pictures"
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 88]
_OPAQUE = ("plate", "comp", "grey")
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
            layer: `plate`, `alpha`, `trimap` or `mask`; `comp`: the plate over a checkerboard; `grey`: alpha, opaque.
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
        plate, matte = stored.plate(frame), stored.matte(frame, preview=preview)
        sources = {"plate": [plate], "comp": [plate, matte]}.get(layer, [matte])
        try:
            found = "-".join(mark_of(source) for source in sources)
        except OSError:
            raise missing(stored, frame) from None
        if found == mark:
            return {"mark": mark}
        name = f"{layer}{'-preview' if preview else ''}.{_plain(thing)}.{width}"
        place = stored.folder / FOLDER / str(frame) / f"{name}.{found}.{'jpg' if layer in _OPAQUE else 'png'}"
        if not place.is_file():
            _keep(place, name, self._picture(stored, frame, layer, thing, width, matte))
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

    def _picture(self, stored: StoredShot, frame: int, layer: str, thing: str, width: int, matte: Path) -> bytes:
        if layer not in _OPAQUE:
            return alpha_png(_codes(_values(matte, f"{thing}.{layer}" if thing else layer, width)))
        if layer == "grey":
            return _jpeg(cv2.cvtColor(_values(matte, "alpha", width), cv2.COLOR_GRAY2RGB))
        try:
            plate = self._reader(stored).small(frame, width)
        except PlateAwaited:
            raise missing(stored, frame) from None
        return _jpeg(plate if layer == "plate" else over_checker(plate, _values(matte, "alpha", width)))

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


def mark_of(path: Path | None) -> str:
    """Give what changes with a file, a link's target included: its time of change, size and number.

    Raises:
        OSError: it is not there.
    """
    if path is None:
        raise FileNotFoundError
    found = path.stat()
    return f"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ino:x}"


def _values(matte: Path, layer: str, width: int) -> Pixels:
    small: Pixels = reduced(to_float(read_layer(matte, layer)), width)
    return small


def _jpeg(display_hwc: Pixels) -> bytes:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(_codes(display_hwc), cv2.COLOR_RGB2BGR), _JPEG)
    return data.tobytes()


def _codes(display: Pixels) -> NDArray[np.uint8]:
    """Round 0..1 to 0..255, as `eight_bit` does, in one step: there are no other values here."""
    codes: NDArray[np.uint8] = cv2.convertScaleAbs(display, alpha=255)
    return codes


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
