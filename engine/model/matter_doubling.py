"""The matter's fusion step without the doubled features, where no edge of the frame is near."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

if TYPE_CHECKING:
    from engine.model.matter_decoder import FusionBlock

__all__ = ["FoldedFusion"]

_TAPS = torch.tensor([[[3, 1, 0], [1, 3, 0], [0, 3, 1]], [[1, 3, 0], [0, 3, 1], [0, 1, 3]]], dtype=torch.float64).div(4)
"""What bilinear doubling reads: by half of a place (first, second), tap of the convolution and place beside it."""


class FoldedFusion(nn.Module):
    """A fusion step with the doubling folded into its convolution, which then gives each place's 2 x 2 pixels at once.

    Convolving what was doubled reads and writes four times as many places as there are features; the products are as
    many. Two pixels along each side of what it is given differ from the step that it stands in for, which pads what it
    has doubled.

    Args:
        step: its norm folded into its convolution.
    """

    def __init__(self, step: FusionBlock) -> None:
        super().__init__()
        conv, self.act = cast("nn.Conv2d", step.conv.conv), step.conv.bn
        of_detail, of_features = conv.weight.detach().split(
            [step.detail_channels, conv.in_channels - step.detail_channels], dim=1
        )
        wide = torch.einsum("ykm,xln,ockl->yxocmn", _TAPS, _TAPS, of_features.cpu().double()).flatten(0, 2)
        self.detail = _convolution(of_detail, conv.bias)
        self.features = _convolution(wide.to(conv.weight), None)

    def forward(self, features: Tensor, detail: Tensor) -> Tensor:
        """B x C x h x w features and B x D x 2h x 2w detail into B x out x 2h x 2w."""
        found: Tensor = self.detail(detail)
        pixels = found.permute(0, 2, 3, 1).unflatten(2, (-1, 2)).unflatten(1, (-1, 2))
        pixels += self.features(features).permute(0, 2, 3, 1).unflatten(3, (2, 2, -1)).transpose(2, 3)
        return cast("Tensor", self.act(found))


def _convolution(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """Give the 3 x 3 convolution with these weights."""
    conv = skip_init(nn.Conv2d, weight.shape[1], weight.shape[0], 3, padding=1, bias=bias is not None)
    conv.to(weight).requires_grad_(requires_grad=False)
    conv.weight.copy_(weight)
    if bias is not None:
        conv.bias.copy_(bias)
    return conv
