"""Rectangles of a plate that hold what is wanted of it."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.model.tensors import Crop


def cells_with(wanted_hw: Tensor, side: int) -> Tensor:
    """Cut a plate (H, W) bool into cells of `side` pixels; give True for those that hold a wanted pixel, on the CPU."""
    return marked_cells(wanted_hw, side).bool().cpu()


def marked_cells(wanted_hw: Tensor, side: int) -> Tensor:
    """Give the same where the plate is, uint8: 1 for cells that hold a wanted pixel."""
    whole = F.pad(wanted_hw, (0, -wanted_hw.shape[1] % side, 0, -wanted_hw.shape[0] % side))
    # Bytes' largest value row by row takes a fortieth of the time that pooling of floats does on a processor.
    rows = whole.view(torch.uint8).unflatten(0, (-1, side)).amax(dim=1)
    return rows.unflatten(1, (-1, side)).amax(dim=2)


def filled_beyond(picture: Tensor, known: Crop, *, mode: str = "constant") -> Tensor:
    """Put zeros, or with `replicate` the outermost values, where a picture lies beyond what is known of it."""
    height, width = picture.shape[-2:]
    held = known.cut_to(Crop(0, 0, width, height))
    beyond = (held.left, width - held.right, held.top, height - held.bottom)
    return F.pad(picture[held.window], beyond, mode=mode) if any(beyond) else picture


def runs_of(cells: Tensor, side: int, longest: int) -> list[Crop]:
    """Give the runs of True in each row of cells, in pixels, none longer than `longest` pixels."""
    edges = F.pad(cells, (1, 1)).diff(dim=1).nonzero().tolist()
    return [
        Crop(start * side, row * side, min(start * side + longest, end * side), (row + 1) * side)
        for (row, first), (_, end) in zip(edges[::2], edges[1::2], strict=True)
        for start in range(first, end, longest // side)
    ]


def tiles_over(wanted_hw: Tensor, height: int, width: int) -> list[Crop]:
    """Give rectangles of one size, none over another, that hold every wanted place of a map (H, W) bool.

    They begin where something is wanted, and may reach beyond the map.
    """
    return [
        Crop(left, top, left + width, top + height)
        for top in _starts(wanted_hw.any(dim=1), height)
        for left in _starts(wanted_hw[top : top + height].any(dim=0), width)
    ]


def _starts(wanted: Tensor, length: int) -> Iterator[int]:
    """Give where stretches of one length begin that hold every place that is wanted along one axis, bool."""
    end = 0
    for place in wanted.nonzero().flatten().tolist():
        if place >= end:
            yield place
            end = place + length


def joined(crops: list[Crop], belong_together: Callable[[Crop, Crop], bool]) -> list[Crop]:
    """Put rectangles that belong together into one around them, until none do; from the top, then from the left."""
    done: list[Crop] = []
    waiting = list(crops)
    while waiting:
        crop = waiting.pop()
        partner = next((other for other in done if belong_together(crop, other)), None)
        if partner is None:
            done.append(crop)
        else:
            done.remove(partner)
            waiting.append(crop.around(partner))
    return sorted(done, key=lambda crop: (crop.top, crop.left))
