"""Multi-head attention of the matter: in windows, over the frame, over chosen tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Attention", "attend_with_positions"]

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
    """Self-attention; with `rel_grid` it has relative positions for grids of about that side.

    Attributes:
        attend: how a loose set of tokens see each other: queries, keys and values (B, heads, n, C) in, as much out.
    """

    attend: Callable[[Tensor, Tensor, Tensor], Tensor] = staticmethod(F.scaled_dot_product_attention)

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
        q, k, v = self._heads(tokens_bnc)
        return self._merge(self.attend(q, k, v))

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
