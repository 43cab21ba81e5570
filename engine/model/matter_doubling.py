"""The matter's fusion step without the doubled features, anywhere in a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from torch import Tensor, nn
from torch.nn import functional

from engine.model.matter_joining import Join, WinogradJoin, convolved
from engine.model.regions import filled_beyond

if TYPE_CHECKING:
    from engine.model.matter_decoder import FusionBlock
    from engine.model.regions import Crop

__all__ = ["FoldedFusion"]


class FoldedFusion(nn.Module):
    """A fusion step with the doubling folded into its convolution, which then gives each place's 2 x 2 pixels at once.

    Convolving what was doubled reads and writes four times as many places as there are features; the products are as
    many, or two thirds. Nothing is padded: it is given a place and what lies around.

    Args:
        step: its norm folded into its convolution.
        winograd: whether to spare products.
    """

    def __init__(self, step: FusionBlock, *, winograd: bool = False) -> None:
        super().__init__()
        conv, self.act = cast("nn.Conv2d", step.conv.conv), step.conv.bn
        of_detail, of_features = conv.weight.detach().split([step.detail_channels, step.feature_channels], dim=1)
        self.join = (WinogradJoin if winograd else Join)(of_detail, of_features, conv.bias)
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
        found = self.join(features, detail)
        self._forget_beyond(found, features, frame)
        return cast("Tensor", self.act(found))

    def _forget_beyond(self, found: Tensor, features: Tensor, frame: Crop) -> None:
        """Take from the frame's outermost pixels what was doubled beyond them: the plain step has zeros there."""
        height, width = found.shape[-2:]
        for row, tap in ((frame.top, 0), (frame.bottom - 1, 2)):
            if 0 <= row < height:
                beyond = _doubled(features[:, :, row // 2 + 1, None], (1, 2))[..., 1:-1]
                found[:, :, row, None] -= convolved(beyond, self.of_doubled[:, :, tap, None])
        for column, tap in ((frame.left, 0), (frame.right - 1, 2)):
            if 0 <= column < width:
                beyond = _doubled(features[..., column // 2 + 1, None], (2, 1))[:, :, 1:-1]
                beyond[:, :, : max(frame.top + 1, 0)] = 0  # corners are gone with the rows
                beyond[:, :, frame.bottom + 1 :] = 0
                found[..., column, None] -= convolved(beyond, self.of_doubled[..., tap, None])


def _doubled(line: Tensor, times: tuple[int, int]) -> Tensor:
    return functional.interpolate(line, scale_factor=times, mode="bilinear", align_corners=False)
