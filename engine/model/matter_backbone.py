"""Vision transformer of the matter: plate and trimap in, one feature per token out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from timm.layers import resample_abs_pos_embed, trunc_normal_
from torch import Tensor, nn
from torch.nn import functional

from engine.model.matter_attention import Attention
from engine.model.matter_blocks import GlobalBlock, ResidualConv, RoutedBlock, WindowBlock
from engine.model.token_router import TokenRouter, sample_policy, select_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.model.matter_config import MatterConfig

__all__ = ["BackboneOutput", "MatterBackbone"]


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
