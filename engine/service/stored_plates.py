"""A stored shot's plates as a session sees them: whatever came, display-referred."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import PlateError
from engine.media.colour import DisplayTransform, LinearLight
from engine.media.half import to_float
from engine.media.image_header import Tags
from engine.media.images import finite, read_header, read_rgb, read_small, reduced
from engine.media.source import Stored
from engine.service.received import layout_of
from engine.service.store import StoredShot

Pixels = NDArray[np.float32]


class PlateAwaited(Exception):  # noqa: N818 - not an error: it may come any moment
    """A plate is not there yet."""

    def __init__(self, frame: int) -> None:
        super().__init__(f"plate {frame} is not there yet")
        self.frame = frame


class PlateReplaced(Exception):  # noqa: N818 - not an error: what was made of the older one is made anew
    """A plate is another one than when it was first read."""

    def __init__(self, frame: int) -> None:
        super().__init__(f"plate {frame} was replaced")
        self.frame = frame


@dataclass(frozen=True)
class _Read:
    """A plate: its pixels as the session sees them, and the hash of the file that they are from."""

    display_hwc: Pixels
    digest: str


class StoredPlates:
    """Display-referred plates of a stored shot; any thread may read them. As long as it lives, a frame is one plate.

    Args:
        shot: whose plates.
        size: declared width and height; every plate must have it.
        colourspace: of the plates; None: by file type.

    Attributes:
        size: width and height in pixels.
    """

    def __init__(self, shot: StoredShot, size: tuple[int, int], colourspace: str | None) -> None:
        self.size = size
        self._shot, self._colourspace = shot, colourspace
        self._transforms: dict[str, DisplayTransform] = {}
        self._lights: dict[str, LinearLight] = {}
        self._digests: dict[int, str] = {}
        self._layers: dict[int, str] = {}
        self._tags: dict[int, Tags] = {}

    def display(self, frame: int) -> Pixels:
        """Give a plate as (H, W, 3) float32 display-referred sRGB of 0..1, origin top-left.

        Raises:
            PlateAwaited: it is not there yet.
            PlateReplaced: it is another one than before.
            PlateError: it is damaged or of another size.
        """
        found = self._read(frame)
        if self._digests.setdefault(frame, found.digest) != found.digest:
            raise PlateReplaced(frame)
        return found.display_hwc

    def look(self, frame: int) -> Pixels:
        """Give a plate as `display` does, whichever it is now; its hash is not remembered.

        Raises:
            PlateAwaited: it is not there yet.
            PlateError: it is damaged or of another size.
        """
        return self._display(frame, self._path(frame))

    def small(self, frame: int, width: int) -> Pixels:
        """Give a plate as `look` does, at most so many pixels wide: it is made smaller before its colours change."""
        return self._display(frame, self._path(frame), width)

    def stored(self, frame: int) -> Stored:
        """Give a plate's own values, (H, W, 3) float32 or half, origin top-left; errors as of `look`."""
        return self._stored(frame, self._path(frame))[0]

    def linear(self, frame: int) -> tuple[Pixels, str]:
        """Give a plate in scene-linear light, (H, W, 3) float32, and the name of its space; errors as of `look`."""
        stored, encoding = self._stored(frame, self._path(frame))
        transform = self._transform(encoding)
        light = self._lights.setdefault(encoding, LinearLight(transform.colourspace, transform.config))
        return light.apply(to_float(stored)), light.colourspace

    def digest(self, frame: int) -> str:
        """Give the hash of a plate as it was read; one that was not read is from now on what it is now.

        Raises:
            PlateAwaited: it is not there yet.
        """
        known = self._digests.get(frame)
        return known or self._digests.setdefault(frame, self._digest_now(frame))

    def tags(self, frame: int) -> Tags:
        """Give what the file of a plate that was read says that its matte should say too; raw pixels say nothing."""
        return self._tags.get(frame, {})

    def replaced(self, frames: Iterable[int] | None = None) -> list[int]:
        """Give those of the frames that are other plates now than when they were first asked for; None: of all."""
        asked = list(self._digests) if frames is None else [frame for frame in frames if frame in self._digests]
        return [frame for frame in asked if not self._is_same(frame)]

    def forget(self, frames: Iterable[int]) -> None:
        """Take these frames as they are from now on."""
        for frame in frames:
            self._digests.pop(frame, None)
            self._layers.pop(frame, None)

    def _read(self, frame: int) -> _Read:
        while True:
            path = self._path(frame)
            try:
                return _Read(self._display(frame, path), self._shot.digests.of(frame, path))
            except (OSError, PlateError):
                if self._path(frame) == path:  # else it was replaced under our hands
                    raise

    def _is_same(self, frame: int) -> bool:
        with suppress(PlateAwaited, OSError):
            return self._digest_now(frame) == self._digests[frame]
        return False

    def _digest_now(self, frame: int) -> str:
        while True:
            path = self._path(frame)
            try:
                return self._shot.digests.of(frame, path)
            except OSError:
                if self._path(frame) == path:
                    raise

    def _path(self, frame: int) -> Path:
        path = self._shot.plate(frame)
        if path is None:
            raise PlateAwaited(frame)
        return path

    def _display(self, frame: int, path: Path, width: int | None = None) -> Pixels:
        stored, encoding = self._stored(frame, path, width)
        return self._transform(encoding).apply(stored)

    def _transform(self, encoding: str) -> DisplayTransform:
        if encoding not in self._transforms:
            self._transforms[encoding] = DisplayTransform(self._colourspace, encoding)
        return self._transforms[encoding]

    def _stored(self, frame: int, path: Path, width: int | None = None) -> tuple[Stored, str]:
        layout = layout_of(path.name)
        if layout is None:
            header = read_header(path)
            self._check_size(frame, header.size)  # before a pixel is decoded: whatever size a file claims
            self._check_layer(frame, header.choice.name)
            self._tags[frame] = {"pixel_aspect": header.pixel_aspect, **header.tags}
            return (read_rgb(path) if width is None else read_small(path, width))[0], header.encoding
        self._check_size(frame, (layout.width, layout.height))
        self._tags.pop(frame, None)
        rows = np.fromfile(path, layout.dtype).reshape(layout.height, layout.width, layout.channels)
        upright = rows[::-1] if layout.origin == "bottom-left" else rows
        pixels = finite(upright[..., :3])
        return (pixels if width is None else reduced(to_float(pixels), width)), "scene-linear"

    def _check_layer(self, frame: int, layer: str) -> None:
        """Refuse another picture than that of the other plates: which of a file's layers is taken must not change."""
        others = [(at, known) for at, known in list(self._layers.items()) if at != frame and known != layer]
        if others:
            at, known = others[0]
            raise PlateError(
                "plates.layer",
                f"The picture of frame {frame} is {_spoken(layer)}, but that of frame {at} is {_spoken(known)}.",
                "All plates of a shot must have one layer: send the odd one again, or the layer alone.",
            )
        self._layers[frame] = layer

    def _check_size(self, frame: int, found: tuple[int, int]) -> None:
        if found != self.size:
            raise PlateError(
                "plates.size",
                f"The plate of frame {frame} is {found[0]}x{found[1]} pixels, but the shot was declared "
                f"{self.size[0]}x{self.size[1]}.",
                "All plates of a shot must have one size: send the odd one again, or declare the shot anew.",
            )


def _spoken(layer: str) -> str:
    return f"layer {layer}" if layer else "plain R, G, B"
