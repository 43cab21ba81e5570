"""Nodes that look at neighbours: blur, dilate, erode. Sizes are in pixels of the full-size format."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .ops_masked import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from .image import Image
    from .renderer import Pull


def _sizes(pull: Pull) -> tuple[float, float]:
    width, height = (size * pull.context.scale for size in pull.values("size"))
    return width, height


def _filtered(pull: Pull, margin: tuple[int, int], change: Callable[[np.ndarray], np.ndarray], grow: bool) -> Image:
    source = pull.input()
    names = pull.channels("channels", source)
    area = source.bbox.grown(*margin) if grow else source.bbox
    around = area.grown(*margin)

    def compute(name: str) -> np.ndarray:
        if name not in names:
            return source.over(name, area)
        wide = change(np.ascontiguousarray(source.over(name, around)))
        return wide[margin[1] : margin[1] + area.h, margin[0] : margin[0] + area.w]

    return masked(pull, source, source.with_(bbox=area, compute=compute), 1)


def blur(pull: Pull) -> Image:
    """A Gaussian blur. [R] how Nuke's size becomes a width: here the standard deviation is a third of it."""
    width, height = _sizes(pull)
    if width <= 0 and height <= 0:
        return pull.input()
    sigma = max(width / 3, 1e-6), max(height / 3, 1e-6)
    margin = math.ceil(width), math.ceil(height)
    grow = not pull.value("crop")
    return _filtered(pull, margin, lambda plane: cv2.GaussianBlur(plane, (0, 0), *sigma), grow)


def dilate(pull: Pull) -> Image:
    """The largest value within a square, or the smallest for a negative size."""
    return _squares(pull, sign=1)


def filter_erode(pull: Pull) -> Image:
    """The smallest value within a square, or the largest for a negative size; soft edges are left out."""
    return _squares(pull, sign=-1)


def _squares(pull: Pull, sign: int) -> Image:
    width, height = (sign * size for size in _sizes(pull))
    if width == 0 and height == 0:
        return pull.input()
    margin = math.ceil(abs(width)), math.ceil(abs(height))
    kernel = np.ones((2 * round(abs(height)) + 1, 2 * round(abs(width)) + 1), np.uint8)
    change = cv2.dilate if width > 0 else cv2.erode
    return _filtered(pull, margin, lambda plane: change(plane, kernel), grow=width > 0)


OPS: dict[str, Callable[[Pull], Image]] = {"Blur": blur, "Dilate": dilate, "FilterErode": filter_erode}
