"""Detail decoder of the matter: token features and the frame's own pixels into alpha."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from timm.layers import ConvNormAct
from torch import Tensor, nn

from engine.model.regions import Crop, tiles_over

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.model.matter_config import MatterConfig

__all__ = ["MatterDecoder", "decode_tiles", "parts_with"]

_PART_HW, _GPU_PART_HW = (128, 256), (512, 1024)
"""Pixels of what the two widest fusion steps take at once; always as many, for oneDNN compiles for every size."""
_PART_CONTEXT = 8
"""How far these two steps and the last see, in pixels; a multiple of 4."""


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
    """Four fusion steps from the token grid to full size.

    Attributes:
        inside: what stands in for the two widest of them away from the frame's edges; empty where nothing does.
    """

    def __init__(self, config: MatterConfig) -> None:
        super().__init__()
        self.convstream = DetailStream(config.convstream)
        widths = (config.dim, *config.fusion)
        details = (*reversed(config.convstream), 4)
        self.fusion_blks = nn.ModuleList(
            FusionBlock(before, detail, after)
            for before, detail, after in zip(widths[:-1], details, widths[1:], strict=True)
        )
        self.matting_head = MattingHead(config.fusion[-1], config.head)
        self.inside = nn.ModuleList()

    def forward(self, features: Tensor, image_b4hw: Tensor, parts: Sequence[Crop] | None = None) -> Tensor:
        """Decode one frame or tile.

        Args:
            features: B x dim x H/16 x W/16.
            image_b4hw: B x 4 x H x W, normalised plate and trimap.
            parts: what is wanted of it, on multiples of 4 pixels; None is everything.

        Returns:
            B x 1 x H x W float32 alpha, 0..1; outside of the parts the trimap.
        """
        # Details and fusion may be in half precision while the step to alpha is not.
        half, whole = (next(part.parameters()).dtype for part in (self.convstream, self.matting_head))
        pixels, halves, quarters, eighths = self.convstream(image_b4hw.to(half))
        first, second = self.fusion_blks[:2]
        features = second(first(features.to(half), eighths), quarters)
        alpha = image_b4hw[:, 3:].float().clone()
        frame = Crop(0, 0, alpha.shape[-1], alpha.shape[-2])
        if parts is None:
            # Training norms by all pixels of a frame.
            parts = [frame] if self.training else parts_with(torch.ones_like(alpha[0, 0], dtype=torch.bool))
        for part in parts:
            around = part.grown(_PART_CONTEXT)
            held, seen = part.cut_to(frame), around.shifted_into(frame)
            third, last = self.inside if self.inside and seen == around else self.fusion_blks[2:]
            found = third(features[seen.shrunk(4).window], halves[seen.shrunk(2).window])
            found = self.matting_head(last(found, pixels[seen.window]).to(whole))
            alpha[held.window] = found[held.moved(-seen.left, -seen.top).window].float().sigmoid()
        return alpha


def parts_with(wanted_hw: Tensor) -> list[Crop]:
    """Give parts of a frame (H, W) bool, for the widest steps, that hold every wanted pixel and little else."""
    return tiles_over(wanted_hw, *(_PART_HW if wanted_hw.device.type == "cpu" else _GPU_PART_HW), grid=4)


def decode_tiles(
    decoder: MatterDecoder, features: Tensor, image_b4hw: Tensor, config: MatterConfig, *, fill: bool
) -> Tensor:
    """Decode in tiles with context around them, so memory stays that of one tile.

    Args:
        decoder: the decoder to run on each tile.
        features: B x dim x H/16 x W/16.
        image_b4hw: B x 4 x H x W, normalised plate and trimap.
        config: gives `patch`, `detail_tile` and `detail_overlap`.
        fill: True pads the frame with zeros to whole tiles as the official MEMatte does, which shows within
            48 px of the right and bottom edges; False ends the last tiles at the frame, which equals
            decoding the frame at once.

    Returns:
        B x 1 x H x W float32 alpha, 0..1.
    """
    height, width = image_b4hw.shape[-2:]
    patch, tile = config.patch, config.detail_tile
    if fill:
        right, bottom = -width % tile, -height % tile
        image_b4hw = F.pad(image_b4hw, (0, right, 0, bottom))
        features = F.pad(features, (0, right // patch, 0, bottom // patch))
    alpha = image_b4hw.new_zeros((len(image_b4hw), 1, *image_b4hw.shape[-2:]), dtype=torch.float32)
    for top, bottom, y0, y1 in _spans(alpha.shape[-2], tile, config.detail_overlap):
        for left, right, x0, x1 in _spans(alpha.shape[-1], tile, config.detail_overlap):
            part = decoder(
                features[..., y0 // patch : y1 // patch, x0 // patch : x1 // patch],
                image_b4hw[..., y0:y1, x0:x1],
            )
            alpha[..., top:bottom, left:right] = part[..., top - y0 : bottom - y0, left - x0 : right - x0]
    return alpha[..., :height, :width]


def _spans(size: int, step: int, overlap: int) -> Iterator[tuple[int, int, int, int]]:
    """Per part along one axis: start, end, start with context, end with context, in pixels."""
    for start in range(0, size, step):
        end = min(start + step, size)
        yield start, end, max(start - overlap, 0), min(end + overlap, size)
