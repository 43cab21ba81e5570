"""Decoders and memory encoder with channels last: as the encoder's features lie, so that no layer turns them over."""

import torch
from sam2.modeling.sam2_utils import LayerNorm2d
from torch import Tensor, nn
from torch.nn import functional


class ChannelNorm(nn.Module):
    """SAM 2's norm over channels in one pass instead of seven.

    Args:
        norm: what it stands in for; its parameters are shared.
    """

    def __init__(self, norm: LayerNorm2d) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, C, H, W) into as many, every pixel's channels with mean 0 and variance 1 before scale and shift."""
        last = x.permute(0, 2, 3, 1)
        return functional.layer_norm(last, self.weight.shape, self.weight, self.bias, self.eps).permute(0, 3, 1, 2)


def put_channels_last(part: nn.Module) -> None:
    """Lay a part's convolutions out with channels last and exchange its norms over channels, in place."""
    part.to(memory_format=torch.channels_last)
    for module in list(part.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, LayerNorm2d):
                setattr(module, name, ChannelNorm(child))
