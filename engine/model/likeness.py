"""Prompts as pictures: clicks and boxes drawn, and where the plate looks like what was clicked.

Both go into the dense prompt. Small models learn to follow them sooner than embedded coordinates, and to compare late.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.model.tensors import Features

_CHANNELS = (16, 16, 32)  # that features of strides 4, 8 and 16 are compared in
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


class Likeness(nn.Module):
    """Compares every place of a plate with the clicked ones, at three strides, and adds what it finds to the prompt.

    The last layer starts at zero, so an untrained one changes nothing.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        widths = (dim // 8, dim // 4, dim)
        self.compare = nn.ModuleList(nn.Conv2d(wide, thin, 1) for wide, thin in zip(widths, _CHANNELS, strict=True))
        self.mix = nn.Sequential(
            nn.Conv2d(2 * len(widths) + 1, 16, 3, padding=1), nn.GELU(), nn.Conv2d(16, 1, 3, padding=1)
        )
        for parameter in self.mix[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, features: Features, points_bp2: Tensor, labels_bp: Tensor, drawn_b1hw: Tensor) -> Tensor:
        """Give what to add to the dense prompt, (B, 1, S/4, S/4) logits.

        Args:
            features: of the plate.
            points_bp2: (B, P, 2) x, y in pixels of the S by S square.
            labels_bp: (B, P): 1 and 0 are compared; a box's corners and padding are not.
            drawn_b1hw: (B, 1, S/4, S/4) the prompts as `draw_prompts` draws them.
        """
        size = drawn_b1hw.shape[-2:]
        at = points_bp2.unsqueeze(1) / (2 * size[-1]) - 1  # S is four times as many
        maps = []
        for tensor, compare in zip((*features.high_res, features.image_bchw), self.compare, strict=True):
            every = F.normalize(compare(tensor).to(at.dtype), dim=1)
            clicked = F.grid_sample(every, at, mode="bilinear", padding_mode="border", align_corners=False)
            alike = torch.einsum("bcp,bchw->bphw", F.normalize(clicked.squeeze(2), dim=1), every)
            alike = F.interpolate(alike, size, mode="bilinear", align_corners=False)
            maps += [_most(alike, labels_bp == sign) for sign in (1, 0)]
        mixed: Tensor = self.mix(torch.cat([*maps, drawn_b1hw / 8], dim=1))
        return mixed


def _most(alike_bphw: Tensor, counts_bp: Tensor) -> Tensor:
    """Give (B, 1, H, W): the greatest likeness to a point that counts, 0 where none does."""
    chosen = alike_bphw.masked_fill(~counts_bp[..., None, None], -1.0).amax(dim=1, keepdim=True)
    return torch.where(counts_bp.any(dim=1)[:, None, None, None], chosen, 0.0)
