"""Detail decoder of the matter: token features and the frame's own pixels into alpha."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from timm.layers import ConvNormAct
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.model.config import MatterConfig

__all__ = ["MatterDecoder"]


class DetailStream(nn.Module):
    """Convolutions that halve the frame three times."""

    def __init__(self, channels: tuple[int, int, int]) -> None:
        super().__init__()
        widths = (4, *channels)
        self.convs = nn.ModuleList(ConvNormAct(before, after, 3, stride=2) for before, after in pairwise(widths))

    def forward(self, image_b4hw: Tensor) -> list[Tensor]:
        """The frame itself, then its details at 1/2, 1/4 and 1/8."""
        details = [image_b4hw]
        for conv in self.convs:
            details.append(conv(details[-1]))
        return details


class FusionBlock(nn.Module):
    """Doubles the features and joins them with the details of that size."""

    def __init__(self, channels: int, detail_channels: int, out_channels: int) -> None:
        super().__init__()
        self.detail_channels = detail_channels
        self.conv = ConvNormAct(channels + detail_channels, out_channels, 3)

    def forward(self, features: Tensor, detail: Tensor) -> Tensor:
        """B x C x h x w features and B x D x 2h x 2w detail into B x out x 2h x 2w."""
        doubled = F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
        return cast("Tensor", self.conv(torch.cat([detail, doubled], dim=1)))


class MattingHead(nn.Module):
    """Last step to one channel."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.matting_convs = nn.Sequential(
            nn.Conv2d(channels, hidden, 3, padding=1), nn.BatchNorm2d(hidden), nn.ReLU(), nn.Conv2d(hidden, 1, 1)
        )

    def forward(self, features: Tensor) -> Tensor:
        """B x C x H x W features into B x 1 x H x W logits."""
        return cast("Tensor", self.matting_convs(features))


class MatterDecoder(nn.Module):
    """Four fusion steps from the token grid to full size."""

    def __init__(self, config: MatterConfig) -> None:
        super().__init__()
        self.config = config
        self.convstream = DetailStream(config.convstream)
        widths = (config.dim, *config.fusion)
        details = (*reversed(config.convstream), 4)
        self.fusion_blks = nn.ModuleList(
            FusionBlock(before, detail, after)
            for before, detail, after in zip(widths[:-1], details, widths[1:], strict=True)
        )
        self.matting_head = MattingHead(config.fusion[-1], config.head)

    def forward(self, features: Tensor, image_b4hw: Tensor) -> Tensor:
        """Decode a frame, one that is larger than two tiles in tiles; the result is the same up to rounding.

        Args:
            features: B x dim x H/16 x W/16.
            image_b4hw: B x 4 x H x W, normalised plate and trimap.

        Returns:
            B x 1 x H x W float32 alpha, 0..1.
        """
        large = max(image_b4hw.shape[-2:]) > 2 * self.config.detail_tile
        return (self.in_tiles if large and not self.training else self.at_once)(features, image_b4hw)

    def at_once(self, features: Tensor, image_b4hw: Tensor) -> Tensor:
        """Decode in one pass."""
        details = self.convstream(image_b4hw)
        for step, detail in zip(self.fusion_blks, reversed(details), strict=True):
            features = step(features, detail)
        return cast("Tensor", self.matting_head(features).float().sigmoid())

    def in_tiles(self, features: Tensor, image_b4hw: Tensor) -> Tensor:
        """Decode in tiles with context around them, so that memory stays that of one tile."""
        patch, tile, overlap = self.config.patch, self.config.detail_tile, self.config.detail_overlap
        height, width = image_b4hw.shape[-2:]
        alpha = image_b4hw.new_zeros((len(image_b4hw), 1, height, width), dtype=torch.float32)
        for top, bottom, y0, y1 in _spans(height, tile, overlap):
            for left, right, x0, x1 in _spans(width, tile, overlap):
                part = self.at_once(
                    features[..., y0 // patch : y1 // patch, x0 // patch : x1 // patch],
                    image_b4hw[..., y0:y1, x0:x1],
                )
                alpha[..., top:bottom, left:right] = part[..., top - y0 : bottom - y0, left - x0 : right - x0]
        return alpha


def _spans(size: int, step: int, overlap: int) -> Iterator[tuple[int, int, int, int]]:
    """Per part along one axis: start, end, start with context, end with context, in pixels."""
    for start in range(0, size, step):
        end = min(start + step, size)
        yield start, end, max(start - overlap, 0), min(end + overlap, size)
