"""Transformer blocks of the matter and their small parts."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from timm.layers import EcaModule, LayerNorm2d, Mlp
from timm.models.vision_transformer_sam import window_partition, window_unpartition
from torch import Tensor, nn

from engine.model.matter_attention import Attention

__all__ = ["AttentionBlock", "GlobalBlock", "ResidualConv", "RoutedBlock", "TokenRefiner", "WindowBlock"]


class TokenRefiner(nn.Module):
    """Cheap stand-in for attention: a 5 x 5 neighbourhood and a gate per channel."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 2 * dim)
        self.dwconv = nn.Conv2d(2 * dim, 2 * dim, 5, padding=2, groups=2 * dim)
        self.fc2 = nn.Linear(2 * dim, dim)
        self.eca = EcaModule(dim)

    def forward(self, tokens_bhwc: Tensor) -> Tensor:
        """Refine B x gh x gw x dim tokens into as many."""
        wide = F.gelu(self.fc1(tokens_bhwc)).permute(0, 3, 1, 2)
        refined_bchw = self.fc2(F.gelu(self.dwconv(wide)).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return cast("Tensor", (refined_bchw + self.eca(refined_bchw)).permute(0, 2, 3, 1))


class ResidualConv(nn.Module):
    """Convolutional bottleneck added after a global block; adds nothing until it is trained."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(dim, dim // 2, 1, bias=False)
        self.norm1 = LayerNorm2d(dim // 2, eps=1e-6)
        self.conv2 = nn.Conv2d(dim // 2, dim // 2, 3, padding=1, bias=False)
        self.norm2 = LayerNorm2d(dim // 2, eps=1e-6)
        self.conv3 = nn.Conv2d(dim // 2, dim, 1, bias=False)
        self.norm3 = LayerNorm2d(dim, eps=1e-6)

    def forward(self, tokens_bhwc: Tensor) -> Tensor:
        """Add the bottleneck to B x gh x gw x dim tokens."""
        x = F.gelu(self.norm1(self.conv1(tokens_bhwc.permute(0, 3, 1, 2))))
        x = F.gelu(self.norm2(self.conv2(x)))
        return cast("Tensor", tokens_bhwc + self.norm3(self.conv3(x)).permute(0, 2, 3, 1))


class AttentionBlock(nn.Module):
    """What all blocks share: attention and MLP, each behind its own norm."""

    def __init__(self, dim: int, heads: int, rel_grid: int | None) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads, rel_grid=rel_grid)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, 4 * dim)

    def add_mlp(self, x: Tensor) -> Tensor:
        """Add the MLP to B x gh x gw x dim tokens."""
        return cast("Tensor", x + self.mlp(self.norm2(x)))


class WindowBlock(AttentionBlock):
    """Block whose tokens see their own window, with relative positions."""

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__(dim, heads, rel_grid=window)
        self.window = window

    def forward(self, tokens_bhwc: Tensor) -> Tensor:
        """Turn B x gh x gw x dim tokens into as many."""
        grid = (tokens_bhwc.shape[1], tokens_bhwc.shape[2])
        windows, padded = window_partition(self.norm1(tokens_bhwc), self.window)
        attended = window_unpartition(self.attn(windows), self.window, grid, padded)
        return self.add_mlp(tokens_bhwc + attended)


class GlobalBlock(AttentionBlock):
    """Block whose tokens see the whole frame; `rel_grid` gives it relative positions."""

    def __init__(self, dim: int, heads: int, rel_grid: int | None = None) -> None:
        super().__init__(dim, heads, rel_grid)
        self.residual = ResidualConv(dim)

    def forward(self, tokens_bhwc: Tensor) -> Tensor:
        """Turn B x gh x gw x dim tokens into as many."""
        x = self.add_mlp(tokens_bhwc + self.attn(self.norm1(tokens_bhwc)))
        return cast("Tensor", self.residual(x))


class RoutedBlock(AttentionBlock):
    """Global block in which only kept tokens attend; the others are refined in their neighbourhood."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__(dim, heads, rel_grid=None)
        self.efficient_block = TokenRefiner(dim)
        self.residual = ResidualConv(dim)

    def forward(self, tokens_bhwc: Tensor, keep_bhw: Tensor) -> Tensor:
        """Turn B x gh x gw x dim tokens into as many.

        Args:
            tokens_bhwc: B x gh x gw x dim.
            keep_bhw: B x gh x gw; bool gathers the kept tokens (memory grows with their number alone),
                float of 0 and 1 computes both ways for all tokens and passes gradients to the decision.

        Returns:
            B x gh x gw x dim.
        """
        refined = self.efficient_block(tokens_bhwc)
        if keep_bhw.is_floating_point():
            slow = self.attn.masked(self.norm1(tokens_bhwc), keep_bhw)
            policy = keep_bhw[..., None].to(slow.dtype)
            mixed = slow * policy + refined * (1 - policy)
        else:
            mixed = self._attend_kept(tokens_bhwc, refined, keep_bhw)
        return cast("Tensor", self.residual(self.add_mlp(tokens_bhwc + mixed)))

    def _attend_kept(self, tokens_bhwc: Tensor, refined_bhwc: Tensor, keep_bhw: Tensor) -> Tensor:
        mixed = []
        # Each frame keeps another number of tokens, so frames attend one at a time.
        for tokens, refined, keep in zip(tokens_bhwc, refined_bhwc, keep_bhw, strict=True):
            where = keep.nonzero(as_tuple=True)
            if len(where[0]):
                slow = self.attn.chosen(self.norm1(tokens[where])[None])[0]
                mixed.append(refined.index_put(where, slow.to(refined.dtype)))
            else:
                mixed.append(refined)
        return torch.stack(mixed)
