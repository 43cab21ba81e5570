"""The image encoder at less cost: strips of windows, positions computed once, a pyramid as narrow as it is read.

Channels lie last, as the encoder's tokens do, so that no layer of decoder and memory encoder turns its features over.
"""

from typing import cast

import torch
from sam2.modeling.backbones.hieradet import MultiScaleBlock, do_pool
from sam2.modeling.backbones.image_encoder import FpnNeck
from sam2.modeling.backbones.utils import window_partition, window_unpartition
from sam2.modeling.sam2_utils import LayerNorm2d
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from engine.model.image_encoder import PlateEncoder
from engine.model.ready import become
from engine.model.tracker import Tracker

_TOKENS = 4096
"""Tokens at once. Of twice or half as many an encoder is as fast, within what one run differs from the next."""


class StripBlock(MultiScaleBlock):
    """A block of Hiera a strip of windows at a time: what its layers hand on is small and still in the cache.

    Windows see nothing of each other until a block attends to the whole plate, so most of a block can be computed a few
    rows of windows at once. Whole, a plate of 1024 pixels has 144 MiB of queries, keys and values before one product,
    and 96 MiB inside an MLP.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Turn tokens into as many, in place where they lie row by row; or into fewer and wider ones, where it pools.

        Args:
            x: (B, H, W, C).

        Returns:
            (B, H / S, W / S, D), S the block's stride.
        """
        x = x.contiguous()
        stride = self.q_stride[0] if self.q_stride else 1
        batch, height, width, _ = x.shape
        out = x if self.dim == self.dim_out else x.new_empty(batch, height // stride, width // stride, self.dim_out)
        rows = _rows_at_once(self.window_size, height, width)
        for tokens, found in zip(x.split(1), out.split(1), strict=True):
            for strip, made in zip(tokens.split(rows, dim=1), found.split(rows // stride, dim=1), strict=True):
                self._attend(strip, made, stride)
                self._add_mlp(made.view(-1, self.dim_out))
        return out

    def _attend(self, strip: Tensor, made: Tensor, stride: int) -> None:
        """Put into `made` (1, h / S, w / S, D) the tokens of a strip (1, h, w, C) and what its windows attend to."""
        size = self.window_size
        tokens = self.norm1(strip)
        if self.dim != self.dim_out:
            made.copy_(do_pool(self.proj(tokens), self.pool))
        if not size:
            made += self.attn(tokens)
            return
        windows, (height, width) = window_partition(tokens, size)
        attended = self.attn(windows.contiguous())
        made += window_unpartition(
            attended, size // stride, (height // stride, width // stride), (made.shape[1], made.shape[2])
        )

    def _add_mlp(self, tokens_nd: Tensor) -> None:
        """Add to (N, D) tokens what the MLP makes of them, in place: the second product adds as it goes."""
        first, second = self.mlp.layers
        for some in tokens_nd.split(_TOKENS):
            hidden = self.mlp.act(first(self.norm2(some)))
            torch.addmm(some.add_(second.bias), hidden, second.weight.t(), out=some)


class BarePyramid(FpnNeck):
    """SAM 2's feature pyramid without the positions of its levels: `MAM2.recall` makes the ones that it needs."""

    def forward(self, xs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Turn the trunk's features, finest first, into as many of one width, and into no positions."""
        levels: list[Tensor] = []
        for level, features in reversed(list(enumerate(xs))):
            found = self.convs[-1 - level](features)
            if levels and level in self.fpn_top_down_levels:
                found = self.onto(found, levels[0])
            levels.insert(0, found)
        return levels, []

    def onto(self, finer_bchw: Tensor, coarser_bchw: Tensor) -> Tensor:
        """Add a level to the one of twice its size; SAM 2 does it in float32."""
        return finer_bchw + functional.interpolate(coarser_bchw.float(), scale_factor=2.0, mode="nearest")


def narrow_pyramid(tracker: Tracker) -> Tracker:
    """Fold the mask decoder's narrowing of the two finest levels, which alone reads them, into what made them wide."""
    encoder, decoder = tracker.image_encoder, tracker.sam_mask_decoder
    for wide, name in ((encoder.neck.convs[-1], "conv_s0"), (encoder.neck.convs[-2], "conv_s1")):
        narrow, first = getattr(decoder, name), wide.conv
        folded = skip_init(nn.Conv2d, first.in_channels, narrow.out_channels, 1).to(first.weight)
        folded.requires_grad_(requires_grad=False)
        # On the processor, since not every device has double precision.
        rows, columns, inner, outer = (
            part.detach().cpu().double()
            for part in (narrow.weight.flatten(1), first.weight.flatten(1), first.bias, narrow.bias)
        )
        folded.weight.copy_((rows @ columns).float()[:, :, None, None])
        folded.bias.copy_((rows @ inner + outer).float())
        wide.conv = folded
        setattr(decoder, name, nn.Identity())
    become(encoder.neck, BarePyramid)
    return tracker


class FixedHiera(PlateEncoder):
    """Hiera that has the positions of its plates' tokens ready."""

    fixed_positions: Tensor

    def _get_pos_embed(self, hw: tuple[int, int]) -> Tensor:
        fixed = self.fixed_positions
        return fixed if fixed.shape[1:3] == tuple(hw) else cast("Tensor", super()._get_pos_embed(hw))


def fixed_positions(tracker: Tracker) -> Tracker:
    """Have the encoder's positions computed once, in the precision of its patches, and so of all tokens."""
    trunk, side = tracker.image_encoder.trunk, tracker.image_size // 4
    positions = trunk._get_pos_embed((side, side)).detach()  # noqa: SLF001 - SAM 2's own
    trunk.register_buffer("fixed_positions", positions.to(trunk.patch_embed.proj.weight.dtype), persistent=False)
    become(trunk, FixedHiera)
    return tracker


class ChannelNorm(LayerNorm2d):
    """SAM 2's norm over channels in one pass instead of seven."""

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, C, H, W) into as many."""
        pixels = x.permute(0, 2, 3, 1)
        return functional.layer_norm(pixels, self.weight.shape, self.weight, self.bias, self.eps).permute(0, 3, 1, 2)


def channels_last(part: nn.Module) -> nn.Module:
    """Lay convolutions out with channels last, as the encoder's features lie, and norms over channels with them."""
    for module in part.modules():
        if isinstance(module, LayerNorm2d):
            become(module, ChannelNorm)
    return laid_channels_last(part)


def laid_channels_last(part: nn.Module) -> nn.Module:
    """Lay convolutions out with channels last, so that tokens and pixels lie as the next layers read them."""
    return part.to(memory_format=torch.channels_last)


def _rows_at_once(window: int, height: int, width: int) -> int:
    """Give how many rows a strip of a plate holds: whole windows, or all where attention is over the whole plate."""
    if not window:
        return height
    return max(1, _TOKENS // (window * (width + -width % window))) * window
