"""The demonstration's one picture: moments of the shot side by side, what was made of them below."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.media.pictures import eight_bit

Picture = NDArray[np.float32]
Codes = NDArray[np.uint8]

WIDTH = 1600
_MARGIN, _GAP, _LABELS, _TITLE, _HEADS = 20, 8, 96, 56, 24
_INK, _FAINT, _PAPER = 235, 155, 23
_WHITE, _CLICK = (255, 255, 255), (255, 115, 25)


@dataclass(frozen=True)
class Moment:
    """One frame: display sRGB plate (H, W, 3), and (H, W) trimap, alpha found and alpha exact, all 0..1.

    Attributes:
        label: what stands above it.
        exact_hw: None where nobody knows it, as of footage.
        click_xy: where the artist clicked, if on this frame.
    """

    label: str
    plate_hwc: Picture
    trimap_hw: Picture
    alpha_hw: Picture
    exact_hw: Picture | None
    click_xy: tuple[float, float] | None = None


def paint(title: str, moments: Sequence[Moment]) -> Picture:
    """Paint the picture, (H, W, 3) float32 sRGB 0..1, 1600 wide: a column a moment; plate, trimap, alpha, comp."""
    rows = [
        ("plate", [_clicked(one) for one in moments]),
        ("trimap", [_grey(one.trimap_hw) for one in moments]),
        ("alpha", [_grey(one.alpha_hw) for one in moments]),
        ("exact", [_grey(one.exact_hw) for one in moments if one.exact_hw is not None]),
        ("comp", [_comp(one) for one in moments]),
    ]
    rows = [(label, pictures) for label, pictures in rows if pictures]
    width = (WIDTH - 2 * _MARGIN - _LABELS - _GAP * (len(moments) - 1)) // len(moments)
    height = round(width * moments[0].plate_hwc.shape[0] / moments[0].plate_hwc.shape[1])
    total = _TITLE + _HEADS + len(rows) * (height + _GAP) + _MARGIN
    canvas = np.full((total, WIDTH, 3), _PAPER, np.uint8)
    _write(canvas, title, (_MARGIN, 38), 0.75, _INK)
    for column, one in enumerate(moments):
        left = _MARGIN + _LABELS + column * (width + _GAP)
        _write(canvas, one.label, (left, _TITLE + 14), 0.45, _FAINT)
    for number, (label, pictures) in enumerate(rows):
        top = _TITLE + _HEADS + number * (height + _GAP)
        _write(canvas, label, (_MARGIN, top + height // 2 + 5), 0.55, _INK)
        for column, picture in enumerate(pictures):
            left = _MARGIN + _LABELS + column * (width + _GAP)
            canvas[top : top + height, left : left + width] = _fitted(picture, width, height)
    return np.asarray(canvas / np.float32(255), np.float32)


def _comp(one: Moment) -> Codes:
    """Lay the plate, with its own colours, over stripes that show how much one sees through it."""
    height, width = one.alpha_hw.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    stripes = ((x + y) // (height / 9) % 2)[..., None]
    along = (x / width)[..., None]
    cold, warm = np.array([0.10, 0.30, 0.46], np.float32), np.array([0.55, 0.24, 0.30], np.float32)
    background = (cold * (1 - along) + warm * along) * (0.75 + 0.5 * stripes)
    alpha = one.alpha_hw[..., None]
    return eight_bit(one.plate_hwc * alpha + background * (1 - alpha))


def _clicked(one: Moment) -> Codes:
    picture = eight_bit(one.plate_hwc)
    if one.click_xy is not None:
        spot = (round(one.click_xy[0]), round(one.click_xy[1]))
        cv2.circle(picture, spot, 7, _WHITE, 3, cv2.LINE_AA)
        cv2.circle(picture, spot, 7, _CLICK, 2, cv2.LINE_AA)
        cv2.circle(picture, spot, 2, _CLICK, -1, cv2.LINE_AA)
    return picture


def _grey(layer_hw: Picture) -> Codes:
    return np.repeat(eight_bit(layer_hw)[..., None], 3, axis=2)


def _fitted(picture: Codes, width: int, height: int) -> Codes:
    method = cv2.INTER_AREA if picture.shape[1] > width else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)


def _write(canvas: Codes, text: str, place: tuple[int, int], size: float, shade: int) -> None:
    # OpenCV 5 writes on 8-bit pictures only.
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, (shade,) * 3, 1, cv2.LINE_AA)
