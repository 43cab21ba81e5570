"""The trimap of a plate and any mask: the plate around the object goes through the network, and its answer comes back.

The crop holds the object and some of what surrounds it, stretched to the network's square, so that an object of any
size in a plate of any size is seen at about the same size. What lies beyond the crop is background.
"""

import math

import torch
from torch import Tensor

from engine.model.picture_trimap import PictureTrimap
from engine.model.tensors import Crop
from engine.session import fit

DOUBT = -3.0
"""The logit from which on a pixel may be the object's; as in the band of doubt, 1 in 20."""
MARGIN = 0.2
"""Surroundings on each side, of the object's longer side."""
_CELLS = 6  # least surroundings, in cells of the mask: what it lost lies that far out
_SLIMMEST = 0.5  # shorter by longer side of a crop, where the plate allows: more stretching helps nobody


def trimap_from_picture(network: PictureTrimap, plate_13hw: Tensor, mask_11hw: Tensor) -> tuple[Tensor, Crop | None]:
    """Make the trimap of an object that a mask says.

    Args:
        network: on the plate's device.
        plate_13hw: (1, 3, H, W) display-referred sRGB in 0..1.
        mask_11hw: (1, 1, h, w) logits, whoever made the mask, of any size: it is stretched over the plate. Of a mask
            of 0 and 1, `mask_logits`.

    Returns:
        Logits (1, 3, S/2, S/2) of background, unknown, foreground, and the part of the plate that they cover; all else
        is background. Of an empty mask, logits of background over the whole plate.
    """
    size = (plate_13hw.shape[-1], plate_13hw.shape[-2])
    crop = window_around(mask_11hw, size)
    if crop is None:
        return plate_13hw.new_tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1), None
    side = network.side
    likely = fit.part_to_square(mask_11hw, size, crop, side).sigmoid()
    with torch.autocast(plate_13hw.device.type, enabled=False):  # nobody has seen what eight bits do to it
        return network(fit.to_square(plate_13hw[crop.window], side), likely), crop


def mask_logits(mask_11hw: Tensor) -> Tensor:
    """Give the logits of a mask (1, 1, h, w) of 0 to 1, as SAM 2 has them of a mask that the artist gives."""
    return 20.0 * mask_11hw.float() - 10.0


def window_around(mask_11hw: Tensor, size_wh: tuple[int, int], margin: float = MARGIN) -> Crop | None:
    """Give the part of a plate that holds a mask's object and its surroundings.

    Args:
        mask_11hw: (1, 1, h, w) logits, stretched over the plate.
        size_wh: of the plate.
        margin: see `MARGIN`.

    Returns:
        None where the mask is empty.
    """
    inside = mask_11hw[0, 0] > DOUBT
    (height, width), (across, down) = inside.shape, size_wh
    # Together, for a device is waited for once.
    seen = torch.cat([inside.any(1), inside.any(0)]).cpu()
    rows, columns = seen[:height], seen[height:]
    if not rows.any():
        return None
    (first_row, last_row), (first_column, last_column) = _ends(rows), _ends(columns)
    left, right = first_column * across / width, (last_column + 1) * across / width
    top, bottom = first_row * down / height, (last_row + 1) * down / height
    longer = max(right - left, bottom - top)
    around = max(margin * longer, _CELLS * max(across / width, down / height))
    slim = _SLIMMEST * (longer + 2 * around)
    left, right = _widened(left - around, right + around, slim)
    top, bottom = _widened(top - around, bottom + around, slim)
    plate = Crop(0, 0, across, down)
    return Crop(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)).cut_to(plate)


def _ends(places: Tensor) -> tuple[int, int]:
    """Give the first and the last place that is True."""
    found = places.nonzero().flatten().tolist()
    return found[0], found[-1]


def _widened(start: float, end: float, least: float) -> tuple[float, float]:
    more = max(0.0, least - (end - start)) / 2
    return start - more, end + more
