"""Transformer blocks of the matter: attention in windows, over the frame, over chosen tokens, and their small parts."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from timm.layers import EcaModule, LayerNorm2d, Mlp
from timm.models.vision_transformer_sam import window_partition, window_unpartition
from torch import Tensor, nn

__all__ = [
    "Attention",
    "AttentionBlock",
    "GlobalBlock",
    "ResidualConv",
    "RoutedBlock",
    "TokenRefiner",
    "WindowBlock",
    "attend_with_positions",
]

_BIAS_LIMIT = 2**27


def attend_with_positions(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    rel_pos: tuple[Tensor, Tensor],
    grid: tuple[int, int],
    *,
    bias_limit: int = _BIAS_LIMIT,
) -> Tensor:
    """Attention with relative rows and columns, learned apart and added (MViTv2, arXiv 2112.01526).

    Args:
        q: B x heads x (gh gw) x C queries, row-major over the grid.
        k: keys, as q.
        v: values, as q.
        rel_pos: embeddings of row and of column distances, each L x C from the most negative distance
            (query before key) to the most positive; resampled when L does not fit the grid.
        grid: (gh, gw), rows and columns of the token grid.
        bias_limit: most elements of bias alive at once; queries beyond it wait for the next step.

    Returns:
        B x heads x (gh gw) x C.
    """
    height, width = grid
    by_row, by_column = _relative(rel_pos[0], height), _relative(rel_pos[1], width)
    step = max(1, bias_limit // (q.shape[0] * q.shape[1] * width * height * width))
    out = []
    for q_rows, by_row_part in zip(q.unflatten(2, grid).split(step, dim=2), by_row.split(step), strict=True):
        # As they come, their sum would lie otherwise than attention reads it and be copied, a key for every query.
        rows = torch.einsum("bnhwc,hkc->bnhwk", q_rows, by_row_part).contiguous()
        columns = torch.einsum("bnhwc,wkc->bnhwk", q_rows, by_column).contiguous()
        bias = (rows[..., :, None] + columns[..., None, :]).flatten(4).flatten(2, 3)
        out.append(F.scaled_dot_product_attention(q_rows.flatten(2, 3), k, v, attn_mask=bias))
    return torch.cat(out, dim=2)


def _relative(rel_pos: Tensor, size: int) -> Tensor:
    """The size x size x C table of embeddings from position q to position k, resampled when it must be."""
    span = 2 * size - 1
    if rel_pos.shape[0] != span:
        rel_pos = F.interpolate(rel_pos.float().t()[None], size=span, mode="linear")[0].t().to(rel_pos.dtype)
    steps = torch.arange(size, device=rel_pos.device)
    return rel_pos[steps[:, None] - steps[None, :] + size - 1]


class Attention(nn.Module):
    """Self-attention; with `rel_grid` it has relative positions for grids of about that side."""

    def __init__(self, dim: int, heads: int, rel_grid: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.rel_pos_h: nn.Parameter | None = None
        self.rel_pos_w: nn.Parameter | None = None
        if rel_grid is not None:
            self.rel_pos_h = nn.Parameter(torch.zeros(2 * rel_grid - 1, dim // heads))
            self.rel_pos_w = nn.Parameter(torch.zeros(2 * rel_grid - 1, dim // heads))

    def forward(self, tokens_bhwc: Tensor) -> Tensor:
        """Let every token of a grid see every other.

        Args:
            tokens_bhwc: B x gh x gw x dim.

        Returns:
            B x gh x gw x dim.
        """
        grid = (tokens_bhwc.shape[1], tokens_bhwc.shape[2])
        q, k, v = self._heads(tokens_bhwc.flatten(1, 2))
        if self.rel_pos_h is None or self.rel_pos_w is None:
            out = F.scaled_dot_product_attention(q, k, v)
        else:
            out = attend_with_positions(q, k, v, (self.rel_pos_h, self.rel_pos_w), grid)
        return self._merge(out).unflatten(1, grid)

    def chosen(self, tokens_bnc: Tensor) -> Tensor:
        """Let a loose set of tokens see each other, without positions.

        Args:
            tokens_bnc: B x n x dim.

        Returns:
            B x n x dim.
        """
        return self._merge(F.scaled_dot_product_attention(*self._heads(tokens_bnc)))

    def masked(self, tokens_bhwc: Tensor, policy_bhw: Tensor) -> Tensor:
        """Let every token see itself and the kept ones, differentiable in the policy.

        Args:
            tokens_bhwc: B x gh x gw x dim.
            policy_bhw: B x gh x gw of 0 and 1.

        Returns:
            B x gh x gw x dim; only the rows of kept tokens are meant to be used.
        """
        grid = (tokens_bhwc.shape[1], tokens_bhwc.shape[2])
        q, k, v = self._heads(tokens_bhwc.flatten(1, 2))
        weight = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).float().softmax(dim=-1)
        seen = policy_bhw.flatten(1)[:, None, None, :]
        itself = torch.eye(seen.shape[-1], device=seen.device)
        weight = weight * (seen + (1 - seen) * itself)
        weight = weight / (weight.sum(dim=-1, keepdim=True) + 1e-6)
        return self._merge(weight.to(v.dtype) @ v).unflatten(1, grid)

    def _heads(self, tokens_bnc: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each B x heads x n x dim/heads."""
        q, k, v = self.qkv(tokens_bnc).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        return q, k, v

    def _merge(self, out_bhnc: Tensor) -> Tensor:
        """Heads back into one token, projected: B x n x dim."""
        return cast("Tensor", self.proj(out_bhnc.transpose(1, 2).flatten(2)))


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
