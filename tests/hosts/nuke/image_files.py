"""The Read node: files in, with Nuke's origin, ranges and colour."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import OpenImageIO as oiio

from . import colour, paths
from .current import session
from .formats import Format
from .image import Area, Image, black

if TYPE_CHECKING:
    from .renderer import Pull

_RGB = ("rgba.red", "rgba.green", "rgba.blue")
_PLAIN = {"R": "rgba.red", "G": "rgba.green", "B": "rgba.blue", "A": "rgba.alpha", "Z": "depth.Z"}
_SUFFIX = {"R": "red", "G": "green", "B": "blue", "A": "alpha"}


@dataclass(frozen=True)
class File:
    """A file's pixels.

    Args:
        pixels: (h, w, channels) float32 over the bbox, the bottom row first, values as the file has them.
        names: full channel names.
    """

    format: Format
    bbox: Area
    names: tuple[str, ...]
    pixels: np.ndarray
    bits: int
    metadata: dict[str, object]


def open_file(path: str) -> File:
    """Read a file.

    Raises:
        RuntimeError: there is none, or it cannot be read.
    """
    if not os.path.exists(path):
        raise RuntimeError(f"{path}: Read error: No such file or directory")
    config = oiio.ImageSpec()
    config["oiio:UnassociatedAlpha"] = 1
    source = oiio.ImageInput.open(path, config)
    if source is None:
        raise RuntimeError(f"{path}: Read error: {oiio.geterror()}")
    spec = source.spec()
    pixels = source.read_image("float")
    source.close()
    if pixels is None:
        raise RuntimeError(f"{path}: Read error: {source.geterror()}")
    a_format = _format(spec)
    left = spec.x - spec.full_x
    top = spec.full_height - (spec.y - spec.full_y)
    bbox = Area(left, top - spec.height, left + spec.width, top)
    names = tuple(_full_name(name) for name in spec.channelnames)
    pixels = np.ascontiguousarray(pixels.reshape(spec.height, spec.width, -1)[::-1])
    bits = 8 if str(spec.format) == "uint8" else 16
    metadata: dict[str, object] = {"input/filename": path, "input/width": a_format.width()}
    # [V: https://github.com/Psyop/Cryptomatte, nuke/cryptomatte_utilities.py: texts of a header, below "exr/"]
    texts = {f"exr/{one.name}": one.value for one in spec.extra_attribs if isinstance(one.value, str)}
    metadata.update(texts if path.endswith(".exr") else {})
    metadata.update({"input/height": a_format.height(), "input/bitsperchannel": str(spec.format)})
    return File(a_format, bbox, names, pixels, bits, metadata)


def _format(spec: oiio.ImageSpec) -> Format:
    aspect = float(spec.getattribute("PixelAspectRatio") or 1.0)
    made = Format(spec.full_width, spec.full_height, pixelAspect=aspect)
    return next((known for known in session().formats if known == made), made)


def _full_name(name: str) -> str:
    if name in _PLAIN:
        return _PLAIN[name]
    layer, _, last = name.rpartition(".")
    full = f"{layer or 'other'}.{_SUFFIX.get(last, last)}" if layer != "rgba" else f"rgba.{last}"
    session().layers.add(full)
    return full


def read(pull: Pull) -> Image:
    """The file of a frame. Nuke keeps what it read until `reload` is pressed or the name changes."""
    try:
        return _loaded(pull, _frame(pull))
    except RuntimeError as error:
        how = pull.value("on_error")
        if how == "error":
            raise pull.fail(str(error)) from None
        if how == "nearest frame":
            return _nearest(pull, error)
        with session().at_context(pull.context):
            return black(pull.node._knobs["format"].value()._scaled(pull.context.scale), (*_RGB, "rgba.alpha"))


def _nearest(pull: Pull, error: RuntimeError) -> Image:
    frame = _frame(pull) or 0
    frames = range(pull.value("first"), pull.value("last") + 1)
    for near in sorted(frames, key=lambda other: abs(other - frame)):
        if os.path.exists(_path(pull, near)):
            return _loaded(pull, near)
    raise pull.fail(str(error))


def _path(pull: Pull, frame: float) -> str:
    with session().at_context(pull.context):
        name = session().filtered(pull.node, pull.node._knobs["file"]._evaluated())
    return paths.at(name, pull.context.at(frame))


def _frame(pull: Pull) -> int | None:
    """Give the frame of the file, or None for black; `before` and `after` say what lies outside of the range."""
    frame, first, last = pull.context.frame, pull.value("first"), pull.value("last")
    mode, text = pull.value("frame_mode"), pull.value("frame")
    if text and mode == "start at":
        frame += first - float(text)
    elif text and mode == "offset":
        frame += float(text)
    frame = int(np.floor(frame))
    how = pull.value("before") if frame < first else pull.value("after") if frame > last else None
    length = max(last - first + 1, 1)
    if how == "hold":
        return min(max(frame, first), last)
    if how == "black":
        return None
    if how == "loop":
        return first + (frame - first) % length
    if how == "bounce":
        at = (frame - first) % max(2 * length - 2, 1)
        return first + min(at, 2 * length - 2 - at)
    return frame


def _loaded(pull: Pull, frame: int | None) -> Image:
    if not pull.value("file"):
        raise RuntimeError("no file is given")
    if frame is None:
        file = _cached(pull, pull.value("first"))
        return black(file.format._scaled(pull.context.scale), file.names)
    file = _cached(pull, frame)
    curve = _curve(pull, file)
    bbox, pixels = file.bbox, file.pixels

    def compute(name: str) -> np.ndarray:
        plane = pixels[..., file.names.index(name)]
        return plane if curve is None or name not in _RGB else curve(plane)

    image = Image(file.format, bbox, _channels(pull, file), _with_alpha(pull, file, compute), metadata=file.metadata)
    image = _edges(pull, image)
    return image if pull.context.scale == 1 else _shrunk(image, pull.context.scale)


def _cached(pull: Pull, frame: int) -> File:
    path = _path(pull, frame)
    key = (path, pull.node._reload_count)
    cache = session().file_cache
    if key not in cache:
        cache[key] = open_file(path)
    return cache[key]


def _curve(pull: Pull, file: File):
    if pull.value("raw"):
        return None
    space = pull.value("colorspace")
    if space == "default":
        space = colour.default_space(session().root, str(file.metadata["input/filename"]), file.bits)
    try:
        return colour.to_linear(space)
    except ValueError as error:
        raise RuntimeError(str(error)) from None


def _channels(pull: Pull, file: File) -> tuple[str, ...]:
    add = pull.value("auto_alpha") and "rgba.alpha" not in file.names
    return (*file.names, "rgba.alpha") if add else file.names


def _with_alpha(pull: Pull, file: File, compute):
    if not pull.value("auto_alpha"):
        return compute
    ones = np.ones(file.pixels.shape[:2], np.float32)
    return lambda name: ones if name == "rgba.alpha" and name not in file.names else compute(name)


def _edges(pull: Pull, image: Image) -> Image:
    """[R] A data window other than the display window gets a rim of black pixels around it, so that edges end there."""
    how = pull.value("edge_pixels")
    if how == "repeat" or (how != "black" and image.bbox == Area.of_format(image.format)):
        return image
    cut = image.with_(black_outside=True)
    area = image.bbox.grown(1, 1)
    return cut.with_(bbox=area, compute=lambda name: cut.over(name, area))


def _shrunk(image: Image, scale: float) -> Image:
    """Proxy mode: every pixel is the nearest one of the full size."""
    box = Area(*(round(side * scale) for side in (image.bbox.x, image.bbox.y, image.bbox.r, image.bbox.t)))
    box = Area(box.x, box.y, max(box.r, box.x + 1), max(box.t, box.y + 1))

    def compute(name: str) -> np.ndarray:
        rows = np.floor((np.arange(box.y, box.t) + 0.5) / scale).astype(int) - image.bbox.y
        columns = np.floor((np.arange(box.x, box.r) + 0.5) / scale).astype(int) - image.bbox.x
        plane = image.plane(name)
        return plane[np.ix_(rows.clip(0, image.bbox.h - 1), columns.clip(0, image.bbox.w - 1))]

    return image.with_(format=image.format._scaled(scale), bbox=box, compute=compute)
