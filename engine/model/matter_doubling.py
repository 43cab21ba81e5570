"""The matter's fusion step without the doubled features, anywhere in a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from engine.model.regions import filled_beyond

if TYPE_CHECKING:
    from engine.model.matter_decoder import FusionBlock
    from engine.model.regions import Crop

__all__ = ["FoldedFusion"]

_TAPS = torch.tensor([[[3, 1, 0], [1, 3, 0], [0, 3, 1]], [[1, 3, 0], [0, 3, 1], [0, 1, 3]]], dtype=torch.float64).div(4)
"""What bilinear doubling reads: by half of a place (first, second), tap of the convolution and place beside it."""


class FoldedFusion(nn.Module):
    """A fusion step with the doubling folded into its convolution, which then gives each place's 2 x 2 pixels at once.

    Convolving what was doubled reads and writes four times as many places as there are features; the products are as
    many. Nothing is padded: it is given a place and what lies around.

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
        self.of_doubled = nn.Parameter(of_features.clone(), requires_grad=False)

    def forward(self, features: Tensor, detail: Tensor, frame: Crop) -> Tensor:
        """Join what a place holds, and one more around it.

        Args:
            features: B x C x (h+2) x (w+2); what lies beyond the frame does not matter.
            detail: B x D x (2h+2) x (2w+2), zero beyond the frame.
            frame: where the frame lies, counted in pixels from the first that is given out; even.

        Returns:
            B x out x 2h x 2w.
        """
        # Doubling reads beyond the frame as if its outermost features went on.
        features = filled_beyond(features, frame.shrunk(2).moved(1, 1), mode="replicate")
        found = _convolved(detail, self.detail.weight, self.detail.bias)
        pixels = found.permute(0, 2, 3, 1).unflatten(2, (-1, 2)).unflatten(1, (-1, 2))
        of_features = _convolved(features, self.features.weight)
        pixels += of_features.permute(0, 2, 3, 1).unflatten(3, (2, 2, -1)).transpose(2, 3)
        self._forget_beyond(found, features, frame)
        return cast("Tensor", self.act(found))

    def _forget_beyond(self, found: Tensor, features: Tensor, frame: Crop) -> None:
        """Take from the frame's outermost pixels what was doubled beyond them: the plain step has zeros there."""
        height, width = found.shape[-2:]
        for row, tap in ((frame.top, 0), (frame.bottom - 1, 2)):
            if 0 <= row < height:
                beyond = _doubled(features[:, :, row // 2 + 1, None], (1, 2))[..., 1:-1]
                found[:, :, row, None] -= _convolved(beyond, self.of_doubled[:, :, tap, None])
        for column, tap in ((frame.left, 0), (frame.right - 1, 2)):
            if 0 <= column < width:
                beyond = _doubled(features[..., column // 2 + 1, None], (2, 1))[:, :, 1:-1]
                beyond[:, :, : max(frame.top + 1, 0)] = 0  # corners are gone with the rows
                beyond[:, :, frame.bottom + 1 :] = 0
                found[..., column, None] -= _convolved(beyond, self.of_doubled[..., tap, None])


def _convolved(picture: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve, padding nothing.

    In bfloat16 it is padded and cut: oneDNN 3.13 computes an unpadded convolution wrongly on processors with AMX, and
    which others it does has not been measured; padded ones have been compared with float32 there.
    """
    if picture.dtype != torch.bfloat16:
        return functional.conv2d(picture, weight, bias)
    down, across = weight.shape[2] // 2, weight.shape[3] // 2
    found = functional.conv2d(picture, weight, bias, padding=(down, across))
    return found[:, :, down : found.shape[2] - down, across : found.shape[3] - across]


def _doubled(line: Tensor, times: tuple[int, int]) -> Tensor:
    return functional.interpolate(line, scale_factor=times, mode="bilinear", align_corners=False)


def _convolution(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """Give the 3 x 3 convolution with these weights, which pads nothing."""
    conv = skip_init(nn.Conv2d, weight.shape[1], weight.shape[0], 3, bias=bias is not None)
    conv.to(weight).requires_grad_(requires_grad=False)
    conv.weight.copy_(weight)
    if bias is not None:
        conv.bias.copy_(bias)
    return conv
