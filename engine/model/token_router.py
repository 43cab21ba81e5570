"""Routers: which tokens of a frame deserve full attention.

Source: MEMatte, "Memory Efficient Matting with Adaptive Token Routing" (arXiv 2412.14018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TokenRouter", "ratio_loss", "sample_policy", "select_tokens"]


class TokenRouter(nn.Module):
    """Scores each token from its own content and from the mean of the whole frame."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.in_conv = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim), nn.GELU())
        self.out_conv = nn.Sequential(
            nn.Linear(dim, dim // 2),
            nn.GELU(),
            nn.Linear(dim // 2, dim // 4),
            nn.GELU(),
            nn.Linear(dim // 4, 2),
            nn.LogSoftmax(dim=-1),
        )

    def forward(self, tokens_bhwc: Tensor) -> Tensor:
        """Score tokens.

        Args:
            tokens_bhwc: B x gh x gw x dim.

        Returns:
            B x gh x gw x 2 log-probabilities: keep, drop.
        """
        local, shared = self.in_conv(tokens_bhwc).chunk(2, dim=-1)
        shared = shared.mean(dim=(1, 2), keepdim=True).expand_as(local)
        return cast("Tensor", self.out_conv(torch.cat([local, shared], dim=-1)))


def select_tokens(log_prob_bhw2: Tensor, max_tokens: int) -> Tensor:
    """Keep the tokens that are likelier kept than dropped, the surest ones when there are too many.

    Args:
        log_prob_bhw2: B x gh x gw x 2 log-probabilities: keep, drop.
        max_tokens: most tokens kept per frame.

    Returns:
        B x gh x gw bool, True where a token is kept.
    """
    margin = (log_prob_bhw2[..., 0] - log_prob_bhw2[..., 1]).flatten(1)
    keep = margin > 0
    if margin.shape[1] > max_tokens:
        surest = margin.topk(max_tokens, dim=1, sorted=False).indices
        keep &= torch.zeros_like(keep).scatter_(1, surest, value=True)
    return keep.view(log_prob_bhw2.shape[:-1])


def sample_policy(log_prob_bhw2: Tensor, chance: Sequence[torch.Generator] | None = None) -> Tensor:
    """Draw keep/drop decisions that pass gradients on to the router (straight-through Gumbel-softmax).

    Args:
        log_prob_bhw2: B x gh x gw x 2 log-probabilities: keep, drop.
        chance: a source of draws for each sample, so that they do not depend on what else is in the batch; None for
            PyTorch's own.

    Returns:
        B x gh x gw float32, 1 where a token is kept and 0 where it is dropped.
    """
    shape = log_prob_bhw2.shape[1:]
    sources = [None] * len(log_prob_bhw2) if chance is None else chance
    waits = torch.stack([torch.empty(shape).exponential_(generator=source) for source in sources])
    likely = (log_prob_bhw2.float() - waits.to(log_prob_bhw2.device).log()).softmax(dim=-1)[..., 0]
    kept = (likely > 0.5).to(likely.dtype)
    return kept - likely.detach() + likely


def ratio_loss(policies: Sequence[Tensor], target: float = 0.25) -> Tensor:
    """Pull the share of kept tokens, over all routers and the whole batch, towards a target.

    Args:
        policies: one B x gh x gw tensor of 0 and 1 per router.
        target: wanted share of kept tokens, 0..1.

    Returns:
        Squared distance of the share to the target, a scalar.
    """
    kept = torch.stack([policy.float().mean() for policy in policies]).mean()
    return (kept - target).square()
