"""Vision transformer of the matter: plate and trimap in, one feature per token out; routers pick who attends globally.

Routers: MEMatte, "Memory Efficient Matting with Adaptive Token Routing" (arXiv 2412.14018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from timm.layers import resample_abs_pos_embed, trunc_normal_
from torch import Tensor, nn
from torch.nn import functional

from engine.model.matter_blocks import Attention, GlobalBlock, ResidualConv, RoutedBlock, WindowBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.model.config import MatterConfig

__all__ = ["BackboneOutput", "MatterBackbone", "TokenRouter", "ratio_loss", "sample_policy", "select_tokens"]


@dataclass(frozen=True)
class BackboneOutput:
    """Features of a frame and what the routers decided.

    Attributes:
        features: B x dim x gh x gw.
        keeps: per router B x gh x gw; bool, or float of 0 and 1 with gradients while training.
        log_probs: per router B x gh x gw x 2 log-probabilities: keep, drop.
    """

    features: Tensor
    keeps: tuple[Tensor, ...]
    log_probs: tuple[Tensor, ...]


class PatchEmbed(nn.Module):
    """A token per patch of plate and trimap: a convolution that steps by its own size, as one matrix product.

    As a convolution in bfloat16, oneDNN 3.13 computes it wrongly on processors with AMX, without a word; its weights
    keep a convolution's names and shapes, which are the published ones.
    """

    def __init__(self, patch: int, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(4, dim, patch, patch)

    def forward(self, image_b4hw: Tensor) -> Tensor:
        """Give B x H/patch x W/patch x dim."""
        side = self.proj.kernel_size[0]
        # What pixel_unshuffle gives, but in the order in which the product reads it.
        patches = image_b4hw.unflatten(3, (-1, side)).unflatten(2, (-1, side)).permute(0, 2, 4, 1, 3, 5).flatten(3)
        return functional.linear(patches, self.proj.weight.flatten(1), self.proj.bias)


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


class MatterBackbone(nn.Module):
    """Windowed and global blocks, a router before each global one when the config is routed."""

    def __init__(self, config: MatterConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = PatchEmbed(config.patch, config.dim)
        # The first row belongs to the class token of the pretraining; it is stored and never used.
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + config.pretrain_grid**2, config.dim))
        self.blocks = nn.ModuleList(_block(config, index) for index in range(config.depth))
        if config.routed:
            self.routers = nn.ModuleList(TokenRouter(config.dim) for _ in config.global_blocks)
        trunc_normal_(self.pos_embed, std=0.02)
        self.apply(_initialise)

    def forward(
        self, image_b4hw: Tensor, max_tokens: int, chance: Sequence[torch.Generator] | None = None
    ) -> BackboneOutput:
        """Extract features.

        Args:
            image_b4hw: B x 4 x H x W, normalised plate and trimap; H and W multiples of the patch.
            max_tokens: most tokens that a routed block attends with, per frame, when not training.
            chance: of the routers' draws in training, as `sample_policy` takes it.

        Returns:
            Features on the token grid, with the decisions of the routers.
        """
        tokens = self.patch_embed(image_b4hw)
        tokens = tokens + self._positions((tokens.shape[1], tokens.shape[2]))
        keeps: list[Tensor] = []
        log_probs: list[Tensor] = []
        for block in self.blocks:
            if isinstance(block, RoutedBlock):
                log_prob = self.routers[len(keeps)](tokens)
                keep = sample_policy(log_prob, chance) if self.training else select_tokens(log_prob, max_tokens)
                tokens = block(tokens, keep)
                keeps.append(keep)
                log_probs.append(log_prob)
            else:
                tokens = block(tokens)
        return BackboneOutput(tokens.permute(0, 3, 1, 2), tuple(keeps), tuple(log_probs))

    def _positions(self, grid: tuple[int, int]) -> Tensor:
        side = self.config.pretrain_grid
        positions: Tensor = resample_abs_pos_embed(
            self.pos_embed[:, 1:], list(grid), [side, side], num_prefix_tokens=0, antialias=False
        )
        return positions.unflatten(1, grid)


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


def _block(config: MatterConfig, index: int) -> nn.Module:
    if index not in config.global_blocks:
        return WindowBlock(config.dim, config.heads, config.window)
    if config.routed:
        return RoutedBlock(config.dim, config.heads)
    # ViTMatte was trained at 512 px, so its global relative positions span that grid.
    return GlobalBlock(config.dim, config.heads, 512 // config.patch if config.global_rel_pos else None)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, Attention) and module.rel_pos_h is not None and module.rel_pos_w is not None:
        trunc_normal_(module.rel_pos_h, std=0.02)
        trunc_normal_(module.rel_pos_w, std=0.02)
    elif isinstance(module, ResidualConv):
        for conv in (module.conv1, module.conv2, module.conv3):
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(module.norm3.weight)
        nn.init.zeros_(module.norm3.bias)
