"""What the networks should say, made from an exact alpha."""

import torch
from torch import Tensor
from torch.nn import functional as F

MASK_ABOVE = 0.08  # a translucent pixel belongs to its object's mask from here on
MASK_SHARE = 0.2  # so does a cell with this share of such pixels: one thread of a net across it is enough
KNOWN_WITHIN = 2.5 / 255  # closer than this to 0 or 1 counts as known: the plates hold 8 bits and noise


def mask_target(alpha_b1hw: Tensor, stride: int = 4) -> Tensor:
    """Give the mask (B, 1, H/stride, W/stride), 0 or 1, of an alpha (B, 1, H, W) in 0..1."""
    inside = (alpha_b1hw > MASK_ABOVE).to(alpha_b1hw.dtype)
    return (F.avg_pool2d(inside, stride) >= MASK_SHARE).to(alpha_b1hw.dtype)


def trimap_target(alpha_b1hw: Tensor, stride: int = 4, grow: int = 1) -> Tensor:
    """Give trimap classes (B, H/stride, W/stride) int64, 0 background, 1 unknown, 2 foreground.

    A cell is known only when all of its pixels and those of the cells within `grow` are.

    Args:
        alpha_b1hw: (B, 1, H, W) in 0..1.
        stride: pixels a cell.
        grow: cells that the unknown region is widened by.
    """
    highest = F.max_pool2d(alpha_b1hw, stride)
    lowest = -F.max_pool2d(-alpha_b1hw, stride)
    if grow:
        highest = F.max_pool2d(highest, 2 * grow + 1, stride=1, padding=grow)
        lowest = -F.max_pool2d(-lowest, 2 * grow + 1, stride=1, padding=grow)
    classes = torch.ones_like(highest)
    classes[highest <= KNOWN_WITHIN] = 0
    classes[lowest >= 1 - KNOWN_WITHIN] = 2
    return classes.squeeze(1).long()


def rough_trimap(alpha_b1hw: Tensor, radius: int) -> Tensor:
    """Give a trimap (B, 1, H, W) of 0, 0.5, 1 whose unknown region is grown by `radius` pixels."""
    size = 2 * radius + 1
    highest = F.max_pool2d(alpha_b1hw, size, stride=1, padding=radius)
    lowest = -F.max_pool2d(-alpha_b1hw, size, stride=1, padding=radius)
    trimap = torch.full_like(alpha_b1hw, 0.5)
    trimap[highest <= KNOWN_WITHIN] = 0.0
    trimap[lowest >= 1 - KNOWN_WITHIN] = 1.0
    return trimap
