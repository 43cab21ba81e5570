"""Prompts drawn into the dense prompt: what a small model learns to follow sooner than embedded coordinates alone."""

import torch
from torch import Tensor

_HEIGHT = 8.0  # logits at a click
_RADIUS = 0.04  # of the square's side: about a fingertip on the plate


def draw_prompts(points_bp2: Tensor, labels_bp: Tensor, size: int) -> Tensor:
    """Draw points as soft discs and boxes as plateaus.

    Args:
        points_bp2: (B, P, 2) x, y in pixels of the S by S square; a box is two points with labels 2 and 3.
        labels_bp: (B, P): 1 adds, 0 takes away, 2 and 3 are a box's corners, -1 is padding.
        size: S in pixels.

    Returns:
        (B, 1, S/4, S/4) logits: 0 where nothing was said, towards +8 inside a click or box, -8 at a negative click
        and outside a box.
    """
    side = size // 4
    centres = (torch.arange(side, device=points_bp2.device, dtype=points_bp2.dtype) + 0.5) / side
    at = points_bp2 / size
    dx = centres.view(1, 1, 1, side) - at[..., 0, None, None]
    dy = centres.view(1, 1, side, 1) - at[..., 1, None, None]
    sign = (labels_bp == 1).to(at.dtype) - (labels_bp == 0).to(at.dtype)
    discs = torch.exp(-(dx**2 + dy**2) / (2 * _RADIUS**2)) * sign[..., None, None]
    after_corner = torch.sigmoid(dx * side) * torch.sigmoid(dy * side) * (labels_bp == 2)[..., None, None]
    before_corner = torch.sigmoid(-dx * side) * torch.sigmoid(-dy * side) * (labels_bp == 3)[..., None, None]
    boxed = (labels_bp == 2).any(dim=1).to(at.dtype).view(-1, 1, 1)
    inside = after_corner.sum(dim=1) * before_corner.sum(dim=1)
    return _HEIGHT * (discs.sum(dim=1) + boxed * (2 * inside - 1) * 0.5).unsqueeze(1)
