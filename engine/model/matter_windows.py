"""The matter's decoder where it matters: in windows around the unknown pixels of a trimap."""

from functools import reduce

from torch import Tensor

from engine.model.matter_parts import CONTEXT, PartDecoder
from engine.model.regions import Crop, cells_with, joined, runs_of

_CELL = 64
_LONGEST = 2048
_LITTLE = 0.7
"""Of the cost of the window that would hold all: several that cost more are not worth compiling for."""


def decode_around(decoder: PartDecoder, features: Tensor, image_b4hw: Tensor) -> Tensor:
    """Decode the unknown pixels of a batch; equals decoding the frame at once there, up to rounding.

    Args:
        decoder: the decoder to run on each window.
        features: B x dim x H/16 x W/16.
        image_b4hw: B x 4 x H x W, normalised plate and trimap.

    Returns:
        B x 1 x H x W float32: alpha around unknown pixels, the trimap elsewhere.
    """
    alpha = image_b4hw[:, 3:].float().clone()
    frame = Crop(0, 0, image_b4hw.shape[-1], image_b4hw.shape[-2])
    unknown = (alpha[:, 0] == 0.5).any(dim=0)
    for window in windows_around(unknown):
        inside, seen = window.cut_to(frame), window.grown(CONTEXT).cut_to(frame)
        alpha[inside.window] = decoder(
            features[seen.shrunk(16).window],
            image_b4hw[seen.window],
            inside.moved(-seen.left, -seen.top),
            unknown[inside.window],
        )
    return alpha


def windows_around(wanted_hw: Tensor) -> list[Crop]:
    """Give windows that hold every wanted pixel (H, W) bool, joined where one costs less than two.

    Where several save little, one holds all.
    """
    windows = joined(runs_of(cells_with(wanted_hw, _CELL), _CELL, _LONGEST), _cheaper_together)
    box = reduce(Crop.around, windows) if windows else None
    return [box] if box and sum(map(_cost, windows)) > _LITTLE * _cost(box) and _fits(box) else windows


def _cheaper_together(one: Crop, other: Crop) -> bool:
    both = one.around(other)
    return _fits(both) and _cost(both) <= _cost(one) + _cost(other)


def _fits(window: Crop) -> bool:
    return max(window.right - window.left, window.bottom - window.top) <= _LONGEST


def _cost(window: Crop) -> int:
    return (window.right - window.left + 2 * CONTEXT) * (window.bottom - window.top + 2 * CONTEXT)
