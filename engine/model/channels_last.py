"""Decoders and memory encoder with channels last: as the encoder's features lie, so that no layer turns them over."""

import torch
from sam2.modeling.sam2_utils import LayerNorm2d
from timm.layers import LayerNorm2d as OnePassNorm
from torch import nn


class ChannelNorm(OnePassNorm):
    """SAM 2's norm over channels in one pass instead of seven: timm's, with its parameters.

    Args:
        norm: what it stands in for; its parameters are shared.
    """

    def __init__(self, norm: LayerNorm2d) -> None:
        super().__init__(len(norm.weight), norm.eps)
        self.weight, self.bias = norm.weight, norm.bias


def put_channels_last(part: nn.Module) -> None:
    """Lay a part's convolutions out with channels last and exchange its norms over channels, in place."""
    part.to(memory_format=torch.channels_last)
    for module in list(part.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, LayerNorm2d):
                setattr(module, name, ChannelNorm(child))
