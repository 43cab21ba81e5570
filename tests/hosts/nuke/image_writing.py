"""The Write node: pictures out, as EXR with data and display window, or as PNG."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import OpenImageIO as oiio

from . import colour, paths
from .current import session
from .image import Area, Image

if TYPE_CHECKING:
    from .scope import Context

_RGB = ("rgba.red", "rgba.green", "rgba.blue")
_FILE_NAMES = {"rgba.red": "R", "rgba.green": "G", "rgba.blue": "B", "rgba.alpha": "A"}
_COMPRESSION = {
    "none": "none",
    "Zip (1 scanline)": "zips",
    "Zip (16 scanlines)": "zip",
    "PIZ Wavelet (32 scanlines)": "piz",
    "RLE": "rle",
    "B44": "b44",
    "B44A": "b44a",
    "DWAA": "dwaa",
    "DWAB": "dwab",
}


def write(node: Any, image: Image, context: Context) -> str:
    """Write one file, whole or not at all, and give its path.

    Raises:
        RuntimeError: the node's name and what is wrong.
    """
    path = _path(node, context)
    kind = node["file_type"].value().strip() or os.path.splitext(path)[1][1:]
    if kind not in {"exr", "png"}:
        raise RuntimeError(f"{node.fullName()}: the stand-in for Nuke cannot write {kind or 'files without a type'}")
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        if not node["create_directories"].value():
            raise RuntimeError(f"{node.fullName()}: {path}: Can't open for writing: No such file or directory")
        os.makedirs(folder, exist_ok=True)
    names = _channel_names(node, image)
    if not names:
        raise RuntimeError(f"{node.fullName()}: has no channels to write")
    if kind == "png":
        image = image.with_(bbox=Area.of_format(image.format), compute=_cut(image))
    elif node["autocrop"].value():
        image = _cropped(image, names)
    planes = [_encoded(node, image.plane(name), name, path) for name in names]
    _save(path, kind, _spec(node, image, names, kind), np.stack(planes, axis=-1)[::-1])
    return path


def _path(node: Any, context: Context) -> str:
    world = session()
    proxy = context.scale != 1 and node["proxy"].value()
    name = world.filtered(node, node["proxy" if proxy else "file"]._evaluated())
    if not name:
        raise RuntimeError(f"{node.fullName()}: no file name is given")
    path = paths.at(name, context)
    world.callbacks.validate_filename(node, path)
    return path if os.path.isabs(path) else os.path.join(world.project_directory(), path)


def _channel_names(node: Any, image: Image) -> list[str]:
    wanted = node["channels"]._channels()
    return list(image.channels) if "all" in wanted else wanted


def _cut(image: Image) -> Any:
    """Files without a data window are black where there are no pixels."""
    area = Area.of_format(image.format)
    cut = image.with_(black_outside=True)
    return lambda name: cut.over(name, area)


def _cropped(image: Image, names: list[str]) -> Image:
    used = np.any([image.plane(name) != 0 for name in names], axis=0)
    rows, columns = np.flatnonzero(used.any(axis=1)), np.flatnonzero(used.any(axis=0))
    if not rows.size:
        area = Area(0, 0, 1, 1)
    else:
        box = image.bbox
        area = Area(box.x + columns[0], box.y + rows[0], box.x + columns[-1] + 1, box.y + rows[-1] + 1)
    return image.with_(bbox=area, compute=lambda name: image.over(name, area))


def _encoded(node: Any, plane: np.ndarray, name: str, path: str) -> np.ndarray:
    if node["raw"].value() or name not in _RGB:
        return plane
    space = node["colorspace"].value()
    bits = 8 if node["datatype"].value() == "8 bit" else 16
    try:
        curve = colour.from_linear(colour.default_space(session().root, path, bits) if space == "default" else space)
    except ValueError as error:
        raise RuntimeError(f"{node.fullName()}: {error}") from None
    return plane if curve is None else curve(plane)


def _spec(node: Any, image: Image, names: list[str], kind: str) -> oiio.ImageSpec:
    datatype = {"16 bit half": "half", "32 bit float": "float", "8 bit": "uint8", "16 bit": "uint16"}
    box, size = image.bbox, image.format
    spec = oiio.ImageSpec(box.w, box.h, len(names), datatype[node["datatype"].value()])
    spec.channelnames = [_FILE_NAMES.get(name, name) for name in names]
    spec.x, spec.y = box.x, size.height() - box.t
    spec.full_x, spec.full_y, spec.full_width, spec.full_height = 0, 0, size.width(), size.height()
    spec["PixelAspectRatio"] = float(size.pixelAspect())
    spec["oiio:UnassociatedAlpha"] = 1
    if kind == "exr":
        spec["compression"] = _COMPRESSION[node["compression"].value()]
        spec["nuke/version"] = session().version
        if len(session().view_names()) > 1:
            spec["view"] = session().context.view
    return spec


def _save(path: str, kind: str, spec: oiio.ImageSpec, pixels: np.ndarray) -> None:
    part = f"{path}.tmp"
    out = oiio.ImageOutput.create(f"x.{kind}")
    if not out.open(part, spec) or not out.write_image(np.ascontiguousarray(pixels, np.float32)) or not out.close():
        raise RuntimeError(f"{path}: {out.geterror()}")
    os.replace(part, path)
