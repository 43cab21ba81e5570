"""Between the plate and the square that the model sees. The plate is stretched, never padded or cropped.

Tensors are (B, C, height, width), origin top-left; coordinates count from the top-left corner, corners at integers.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.model.tensors import Crop
from engine.session.transfer import uploaded

_CERTAIN = 10.0  # logits beyond it say no more


def to_tensor(display_hw3: npt.NDArray[np.float32], device: torch.device) -> Tensor:
    """Give a plate (H, W, 3), display-referred sRGB in 0..1, as a tensor (1, 3, H, W) on the device."""
    if device.type == "cpu":
        return torch.from_numpy(np.ascontiguousarray(display_hw3.transpose(2, 0, 1)))[None]
    # A GPU turns it over in no time.
    return uploaded(torch.from_numpy(np.ascontiguousarray(display_hw3)), device).permute(2, 0, 1)[None].contiguous()


def to_square(plate_b3hw: Tensor, side: int) -> Tensor:
    """Stretch plates (B, 3, H, W) to the model's square (B, 3, S, S), values unchanged; `to_plate` goes back."""
    return _averaged(plate_b3hw, (side, side))


def narrowed(plate_b3hw: Tensor, width: int | None) -> Tensor:
    """Give plates (B, 3, H, W) no wider than so many pixels, in proportion; None leaves them as they are."""
    height, across = plate_b3hw.shape[-2:]
    if width is None or width >= across:
        return plate_b3hw
    return _averaged(plate_b3hw, (max(1, round(height * width / across)), width))


def to_plate(square_bchw: Tensor, size_wh: tuple[int, int]) -> Tensor:
    """Stretch what the model answers, at any stride (B, C, h, w), to float32 plates of this size (B, C, H, W)."""
    size_hw, square_bchw = (size_wh[1], size_wh[0]), square_bchw.float()
    if tuple(square_bchw.shape[-2:]) == size_hw:
        return square_bchw
    if square_bchw.device.type != "cpu":
        return F.interpolate(square_bchw, size=size_hw, mode="bilinear", align_corners=False)
    # PyTorch's takes eight times as long and is a hundred times as far from the exact values.
    plates_bchw = square_bchw.new_empty(*square_bchw.shape[:2], *size_hw)
    for picture, plate in zip(square_bchw.flatten(0, 1), plates_bchw.flatten(0, 1), strict=True):
        cv2.resize(picture.contiguous().numpy(), size_wh, dst=plate.numpy(), interpolation=cv2.INTER_LINEAR)
    return plates_bchw


def trimap_to_plate(logits_b3hw: Tensor, size_wh: tuple[int, int], covers: Crop | None = None) -> Tensor:
    """Give the trimap (B, 1, H, W) of 0, 0.5 and 1 at the plate's size from logits (B, 3, h, w).

    Probabilities are stretched, not classes, so that borders run smoothly across the model's coarser cells.

    Args:
        logits_b3hw: (B, 3, h, w) background, unknown, foreground.
        size_wh: of the plate.
        covers: the part of the plate that they are stretched over, with background around it; None for all.
    """
    if covers is not None:
        part = trimap_to_plate(logits_b3hw, (covers.right - covers.left, covers.bottom - covers.top))
        trimap = part.new_zeros(len(part), 1, size_wh[1], size_wh[0])
        trimap[covers.window] = part
        return trimap
    likely = logits_b3hw.float().softmax(dim=1)
    # What argmax gives, ties included, in a fraction of its time on a processor: leads over background say as much.
    leads = to_plate(likely[:, 1:] - likely[:, :1], size_wh)
    # In place: new memory for every step makes it a fifth slower at a plate's size.
    unknown, foreground = leads[:, :1].clamp_(min=0), leads[:, 1:]
    foreground.gt_(unknown)
    return unknown.gt_(0).div_(2).maximum(foreground)


def mask_to_plate(logits_b1hw: Tensor, size_wh: tuple[int, int]) -> Tensor:
    """Give the mask (B, 1, H, W) of 0..1 at the plate's size from logits (B, 1, h, w)."""
    return to_plate(logits_b1hw, size_wh).sigmoid()


def part_to_square(mask_b1hw: Tensor, size_wh: tuple[int, int], part: Crop, side: int) -> Tensor:
    """Give a part of the plate out of a mask's logits (B, 1, h, w), stretched to a square (B, 1, S, S).

    Args:
        mask_b1hw: logits, stretched over the plate; they come back within -10 and 10.
        size_wh: of the plate.
        part: of the plate, in its pixels.
        side: S.
    """
    (width, height), (rows, columns) = size_wh, mask_b1hw.shape[-2:]
    across, down = part.right - part.left, part.bottom - part.top
    # A mask finer than the square is averaged first; of a coarser one each pixel looks up what lies around it.
    enough = (min(rows, round(side * height / down)), min(columns, round(side * width / across)))
    mask_b1hw = _averaged(mask_b1hw.float().clamp(-_CERTAIN, _CERTAIN), enough)
    places = (torch.arange(side, device=mask_b1hw.device) + 0.5) / side
    x, y = (part.left + across * places) / width, (part.top + down * places) / height
    grid = torch.stack(torch.meshgrid(2 * x - 1, 2 * y - 1, indexing="xy"), dim=-1)
    return F.grid_sample(mask_b1hw, grid.expand(len(mask_b1hw), -1, -1, -1), padding_mode="border", align_corners=False)


def points_to_square(points_xy: Sequence[tuple[float, float]], size_wh: tuple[int, int], side: int) -> Tensor:
    """Give plate coordinates in pixels as coordinates (1, P, 2) of the S by S square, float32."""
    # Divided first, then multiplied, in float32: SAM 2's own order, to the bit.
    return torch.tensor([points_xy], dtype=torch.float32) / torch.tensor(size_wh) * side


def mask_to_square(mask_hw: npt.NDArray[np.bool_], side: int) -> Tensor:
    """Give a mask of the plate (H, W) as 0 or 1 in the square (1, 1, S, S); half a pixel counts as in."""
    mask = torch.from_numpy(np.ascontiguousarray(mask_hw, dtype=np.float32))[None, None]
    return (_averaged(mask, (side, side)) >= 0.5).float()


def _averaged(image_bchw: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Resize so that a pixel that stands for many is their weighted mean."""
    if tuple(image_bchw.shape[-2:]) == size_hw:
        return image_bchw
    # Channel by channel: on a processor three channels side by side take four times as long as three pictures.
    pictures = image_bchw.flatten(0, 1)[:, None]
    resized = F.interpolate(pictures, size=size_hw, mode="bilinear", align_corners=False, antialias=True)
    return resized.view(*image_bchw.shape[:2], *size_hw)
