"""Nodes that make pictures or change where their pixels are, in space and in time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .current import session
from .formats import Format
from .image import Area, Image

if TYPE_CHECKING:
    from .renderer import Pull

_RGBA = ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha")


def _format(pull: Pull) -> Format:
    with session().at_context(pull.context):
        return pull.node._knobs["format"].value()._scaled(pull.context.scale)


def constant(pull: Pull) -> Image:
    """One colour everywhere."""
    a_format, color = _format(pull), pull.values("color")
    area = Area.of_format(a_format)
    names = [name for name in _RGBA if name in pull.node._knobs["channels"]._channels()]
    return Image(
        a_format,
        area,
        tuple(names),
        lambda name: np.full((area.h, area.w), color[_RGBA.index(name)], np.float32),
    )


def checkers(pull: Pull) -> Image:
    """A checkerboard of four colours; lines are left out. [R] which colour stands where."""
    a_format = _format(pull)
    area = Area.of_format(a_format)
    width, height = (max(1.0, size * pull.context.scale) for size in pull.values("boxsize"))
    colors = [pull.values(f"color{i}") for i in range(4)]

    def compute(name: str) -> np.ndarray:
        columns = ((np.arange(area.w) - area.w / 2) // width).astype(int) % 2
        rows = ((np.arange(area.h) - area.h / 2) // height).astype(int) % 2
        which = rows[:, None] * 2 + (columns[None, :] + rows[:, None]) % 2
        return np.array([color[_RGBA.index(name)] for color in colors], np.float32)[which]

    return Image(a_format, area, _RGBA, compute)


def crop(pull: Pull) -> Image:
    """Sets the bbox to a box; beyond it is black if `crop` says so. `reformat` makes the box the format."""
    source = pull.input()
    sides = [side * pull.context.scale for side in pull.values("box")]
    box = Area(*(math.floor(side + 0.5) for side in sides))
    if box.w < 1 or box.h < 1:
        box = Area(box.x, box.y, max(box.r, box.x + 1), max(box.t, box.y + 1))
    if pull.value("intersect"):
        box = box.intersection(source.bbox)
    outside = bool(pull.value("crop")) or source.black_outside
    if not pull.value("reformat"):
        return source.with_(bbox=box, compute=lambda name: source.over(name, box), black_outside=outside)
    a_format = Format(box.w, box.h, pixelAspect=source.format.pixelAspect())
    return source.with_(
        format=a_format,
        bbox=Area(0, 0, box.w, box.h),
        compute=lambda name: source.over(name, box),
        black_outside=outside,
    )


def black_outside(pull: Pull) -> Image:
    """Makes everything beyond the bbox black, by a black pixel around it."""
    source = pull.input()
    area = source.bbox if source.black_outside else source.bbox.grown(1, 1)
    cut = source.with_(black_outside=True)
    return cut.with_(bbox=area, compute=lambda name: cut.over(name, area))


def adjust_bbox(pull: Pull) -> Image:
    """Grows or shrinks the bbox."""
    source = pull.input()
    by_x, by_y = (round(size * pull.context.scale) for size in pull.values("numpixels"))
    area = source.bbox.grown(by_x, by_y)
    return source.with_(bbox=area, compute=lambda name: source.over(name, area))


def reformat(pull: Pull) -> Image:
    """Scales to another format; the filter is linear between pixel centres, or the nearest one for Impulse."""
    source = pull.input()
    target = _target_format(pull, source)
    sx, sy = _scales(pull, source, target)
    shift = (0.0, 0.0)
    if pull.value("center"):
        shift = (
            (target.width() - source.format.width() * sx) / 2,
            (target.height() - source.format.height() * sy) / 2,
        )
    box = source.bbox
    area = Area(
        math.floor(box.x * sx + shift[0]),
        math.floor(box.y * sy + shift[1]),
        math.ceil(box.r * sx + shift[0]),
        math.ceil(box.t * sy + shift[1]),
    )
    outside = bool(pull.value("black_outside")) or source.black_outside
    if not pull.value("pbb"):
        area = area.intersection(Area.of_format(target))

    def compute(name: str) -> np.ndarray:
        us = (np.arange(area.x, area.r) + 0.5 - shift[0]) / sx - 0.5
        vs = (np.arange(area.y, area.t) + 0.5 - shift[1]) / sy - 0.5
        if pull.value("filter") == "Impulse":
            us, vs = np.floor(us + 0.5), np.floor(vs + 0.5)
        return _resample(source, name, us, vs)

    return source.with_(format=target, bbox=area, compute=compute, black_outside=outside)


def _resample(source: Image, name: str, us: np.ndarray, vs: np.ndarray) -> np.ndarray:
    x0, y0 = np.floor(us).astype(int), np.floor(vs).astype(int)
    area = Area(int(x0.min()), int(y0.min()), int(x0.max()) + 2, int(y0.max()) + 2)
    plane = source.over(name, area)
    x0, y0, fx, fy = x0 - area.x, y0 - area.y, us - np.floor(us), (vs - np.floor(vs))[:, None]
    low = plane[np.ix_(y0, x0)] * (1 - fx) + plane[np.ix_(y0, x0 + 1)] * fx
    high = plane[np.ix_(y0 + 1, x0)] * (1 - fx) + plane[np.ix_(y0 + 1, x0 + 1)] * fx
    return low * (1 - fy) + high * fy


def _target_format(pull: Pull, source: Image) -> Format:
    kind = pull.value("type")
    if kind == "scale":
        factor = pull.value("scale", 0)
        size = (round(source.format.width() * factor), round(source.format.height() * factor))
        return Format(*size, pixelAspect=source.format.pixelAspect())
    if kind == "to box":
        return Format(pull.value("box_width"), pull.value("box_height"), pixelAspect=pull.value("box_pixel_aspect", 0))
    return _format(pull)


def _scales(pull: Pull, source: Image, target: Format) -> tuple[float, float]:
    aspect = source.format.pixelAspect() / target.pixelAspect()
    sx, sy = target.width() / source.format.width(), target.height() / source.format.height()
    how = pull.value("resize")
    if how == "none":
        return 1.0, 1.0
    if how == "distort":
        return sx, sy
    by_width, by_height = sx, sy * aspect
    wide = {"width": True, "height": False, "fit": by_width <= by_height, "fill": by_width > by_height}[how]
    chosen = by_width if wide else by_height
    return chosen, chosen / aspect


def frame_hold(pull: Pull) -> Image:
    """One frame, or every n-th."""
    first, step = pull.value("firstFrame", 0), pull.value("increment")
    frame = first + (pull.context.frame - first) // step * step if step else first
    return pull.input(0, pull.context.at(frame))


def time_offset(pull: Pull) -> Image:
    """Later by so many frames."""
    return pull.input(0, pull.context.at(pull.context.frame - pull.value("time_offset", 0)))


def switch(pull: Pull) -> Image:
    """One of the inputs; the others are not asked."""
    which = min(max(int(pull.value("which", 0)), 0), max(len(pull.node._inputs) - 1, 0))
    return pull.input(which)


OPS = {
    "Constant": constant,
    "CheckerBoard2": checkers,
    "Crop": crop,
    "BlackOutside": black_outside,
    "AdjBBox": adjust_bbox,
    "Reformat": reformat,
    "FrameHold": frame_hold,
    "TimeOffset": time_offset,
    "Switch": switch,
}
