"""Hiera's blocks on a processor, a strip of windows at a time: what layers hand on is small and still in the cache.

Windows see nothing of each other until a block attends to the whole plate, so most of a block can be computed a few
rows of windows at once. Whole, a plate of 1024 pixels has 144 MiB of queries, keys and values before one product, and
96 MiB inside an MLP.
"""

import torch
from sam2.modeling.backbones.hieradet import MultiScaleBlock, do_pool
from sam2.modeling.backbones.utils import window_partition, window_unpartition
from torch import Tensor, nn

_TOKENS = 4096
"""Tokens at once. Of twice or half as many an encoder is as fast, within what one run differs from the next."""


class StripBlock(nn.Module):
    """A block of Hiera that computes the same function in strips, for inference alone.

    Args:
        block: what it stands in for; its parameters are shared.
    """

    def __init__(self, block: MultiScaleBlock) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        """Turn tokens into as many, in place where they lie row by row; or into fewer and wider ones, where it pools.

        Args:
            x: (B, H, W, C).

        Returns:
            (B, H / S, W / S, D), S the block's stride.
        """
        block, x = self.block, x.contiguous()
        stride = block.q_stride[0] if block.q_stride else 1
        batch, height, width, _ = x.shape
        out = x if block.dim == block.dim_out else x.new_empty(batch, height // stride, width // stride, block.dim_out)
        rows = _rows_at_once(block.window_size, height, width)
        for tokens, found in zip(x.split(1), out.split(1), strict=True):
            for strip, made in zip(tokens.split(rows, dim=1), found.split(rows // stride, dim=1), strict=True):
                self._attend(strip, made, stride)
                self._add_mlp(made.view(-1, block.dim_out))
        return out

    def _attend(self, strip: Tensor, made: Tensor, stride: int) -> None:
        """Put into `made` (1, h / S, w / S, D) the tokens of a strip (1, h, w, C) and what its windows attend to."""
        block, size = self.block, self.block.window_size
        tokens = block.norm1(strip)
        if block.dim != block.dim_out:
            made.copy_(do_pool(block.proj(tokens), block.pool))
        if not size:
            made += block.attn(tokens)
            return
        windows, (height, width) = window_partition(tokens, size)
        attended = block.attn(windows.contiguous())
        made += window_unpartition(
            attended, size // stride, (height // stride, width // stride), (made.shape[1], made.shape[2])
        )

    def _add_mlp(self, tokens_nd: Tensor) -> None:
        """Add to (N, D) tokens what the MLP makes of them, in place: the second product adds as it goes."""
        first, second = self.block.mlp.layers
        for some in tokens_nd.split(_TOKENS):
            hidden = self.block.mlp.act(first(self.block.norm2(some)))
            torch.addmm(some.add_(second.bias), hidden, second.weight.t(), out=some)


def put_in_strips(blocks: nn.ModuleList) -> None:
    """Exchange Hiera's blocks, in place."""
    for index, block in enumerate(blocks):
        blocks[index] = StripBlock(block)


def _rows_at_once(window: int, height: int, width: int) -> int:
    """Give how many rows a strip of a plate holds: whole windows, or all where attention is over the whole plate."""
    if not window:
        return height
    return max(1, _TOKENS // (window * (width + -width % window))) * window
