"""EfficientNet-Lite as the image encoder's trunk: small, of plain convolutions, and known to learn from photographs.

Source: EfficientNet (Tan and Le, arXiv 1905.11946) in the Lite form that its authors published for phones: without
squeeze-and-excitation, with ReLU6. Built by timm, whose batch norms are folded into the convolutions before them: a
trunk that begins from ImageNet's statistics keeps them, and has no norm left that could drift with small batches.
"""

from typing import cast

import timm
from timm.models.efficientnet import EfficientNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

_TAPS = (1, 2, 4, 6)  # blocks whose outputs are the finest of strides 4, 8, 16 and 32
POINTWISE = r"blocks\.\d+\.\d+\.(conv_pw|conv_pwl)$"  # convolutions that mix channels: what adapters adapt


class LiteTrunk(nn.Module):
    """EfficientNet-Lite without norms and classifier: plates (B, 3, S, S) in, features at strides 4, 8, 16, 32 out.

    Args:
        name: `efficientnet_lite0`.
    """

    mean, std = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)  # near enough to (x - 127) / 128 of codes 0..255

    def __init__(self, name: str) -> None:
        super().__init__()
        net = folded(cast("EfficientNet", timm.create_model(f"tf_{name}", pretrained=False)))
        self.conv_stem, self.act, self.blocks = net.conv_stem, net.bn1, net.blocks
        self.channel_list = [_width(net.blocks[tap]) for tap in reversed(_TAPS)]  # coarsest first, as SAM 2's neck wants

    def forward(self, plates_b3ss: Tensor) -> list[Tensor]:
        """Give the features of normalised plates, finest first."""
        seen, levels = self.act(self.conv_stem(plates_b3ss)), []
        for number, block in enumerate(self.blocks):
            seen = block(seen)
            if number in _TAPS:
                levels.append(seen)
        return levels


def folded(net: EfficientNet) -> EfficientNet:
    """Fold every batch norm of timm's EfficientNet into the convolution before it, in place; its activation stays."""
    net.eval()
    for module in list(net.modules()):
        children = dict(module.named_children())
        names = list(children)
        for name, after in zip(names, names[1:], strict=False):
            conv, norm = children[name], children[after]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, name, _fused(conv, norm))
                setattr(module, after, norm.act)
    return net


def _fused(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    return fuse_conv_bn_eval(conv, norm)


def _width(stage: nn.Sequential) -> int:
    last = stage[-1]
    return cast("int", (last.conv_pwl if hasattr(last, "conv_pwl") else last.conv_pw).out_channels)
