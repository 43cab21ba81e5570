"""The trimap from a picture and any mask: a U of plain convolutions that sees the plate around a mask, and the mask.

A mask says which object is meant, whoever made it: SAM 2, another tracker, an artist. It does not say where that object
can be seen through, nor how far its hair reaches; the picture does. No feature of a tracker comes in, so that one
network serves all of them, and it learns from nothing but pictures with exact alpha.

Group norms look at one picture alone: a batch may be as small as it likes, and a crop's trimap depends on nothing else.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.model.config import PictureTrimapConfig

_CLASSES = 3  # background, unknown, foreground
_GROUP = 16  # channels that are normalised together


class PictureTrimap(nn.Module):
    """Square crops of plates and masks in, trimap logits at half their side out.

    Args:
        config: its widths, at strides 2, 4, 8, 16 and 32, and how many blocks stand at each.
    """

    def __init__(self, config: PictureTrimapConfig) -> None:
        super().__init__()
        widths, blocks = config.widths, config.blocks
        self.config = config
        self.stem = nn.Conv2d(3 + 1, widths[0], 3, stride=2, padding=1)
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(fine, coarse, 3, stride=2, padding=1), *_blocks(count, coarse))
            for fine, coarse, count in zip(widths, widths[1:], blocks[1:], strict=False)
        )
        self.whole = _Whole(widths[-1])
        self.narrow = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.up = nn.ModuleList(nn.Sequential(*_blocks(1, fine)) for fine in widths[:-1])
        self.head = nn.Conv2d(widths[0], _CLASSES, 1)

    @property
    def side(self) -> int:
        """Side of the square that the network looks at, in pixels; others that 32 divides work as well."""
        return self.config.side

    def forward(self, plates_b3ss: Tensor, masks_b1ss: Tensor) -> Tensor:
        """Say what is known.

        Args:
            plates_b3ss: (B, 3, S, S) display-referred sRGB in 0..1, the plate around the object stretched to a square.
            masks_b1ss: (B, 1, S, S) in 0..1, the same part of the mask: how likely a pixel is the object's.

        Returns:
            (B, 3, S/2, S/2) logits: background, unknown, foreground.
        """
        seen = F.relu(self.stem(2 * torch.cat([plates_b3ss, masks_b1ss], dim=1) - 1))
        levels = [seen]
        for down in self.down:
            seen = down(seen)
            levels.append(seen)
        seen = self.whole(levels.pop())
        for narrow, up in zip(reversed(self.narrow), reversed(self.up), strict=True):
            # Narrowed first: a quarter of the work, and the same, since doubling mixes no channels.
            doubled = F.interpolate(narrow(seen), scale_factor=2.0, mode="bilinear", align_corners=False)
            seen = up(doubled + levels.pop())
        return self.head(seen)


class _Block(nn.Module):
    """Two convolutions beside the way through; the second starts at zero, so that a deep U begins as a shallow one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(max(1, channels // _GROUP), channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        for parameter in self.second.parameters():
            nn.init.zeros_(parameter)

    def forward(self, seen_bchw: Tensor) -> Tensor:
        return seen_bchw + self.second(F.relu(self.norm(self.first(seen_bchw))))


class _Whole(nn.Module):
    """Tells every place what the crop holds on the whole: smoke and stone may look alike through a keyhole."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(channels, channels, 1), nn.Conv2d(channels, channels, 1)

    def forward(self, seen_bchw: Tensor) -> Tensor:
        return seen_bchw + self.second(F.relu(self.first(seen_bchw.mean((2, 3), keepdim=True))))


def _blocks(count: int, channels: int) -> list[_Block]:
    return [_Block(channels) for _ in range(count)]
