"""Shapes of the matter, the network that turns plate and trimap into alpha."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MEMATTE_S", "STARTER_MATTER", "VITMATTE_S", "MatterConfig"]


@dataclass(frozen=True)
class MatterConfig:
    """Every size of a matter; two equal configs hold interchangeable weights.

    Attributes:
        dim: channels of a token; a multiple of `heads` and of 8.
        depth: number of transformer blocks.
        heads: attention heads per block.
        window: side of an attention window, in tokens.
        global_blocks: indices of the blocks whose tokens see the whole frame.
        patch: side of a token, in pixels; the decoder doubles its way back, so it is 16.
        pretrain_grid: side of the grid that the position embedding is stored for, in tokens.
        convstream: channels of the detail branch at 1/2, 1/4 and 1/8 of the frame.
        fusion: channels of the fusion steps at 1/8, 1/4, 1/2 and full size.
        head: hidden channels of the last step to alpha.
        max_tokens: most tokens that a global block attends with, per frame, when not training.
        detail_tile: side of the decoder's tiles, in pixels; a multiple of `patch`.
        detail_overlap: context added on each side of a tile, in pixels; a multiple of `patch`.
        global_rel_pos: whether global blocks have relative positions too (ViTMatte does).
        routed: whether a router picks the tokens of each global block (ViTMatte has none).
    """

    dim: int = 384
    depth: int = 12
    heads: int = 6
    window: int = 14
    global_blocks: tuple[int, ...] = (2, 5, 8, 11)
    patch: int = 16
    pretrain_grid: int = 14
    convstream: tuple[int, int, int] = (48, 96, 192)
    fusion: tuple[int, int, int, int] = (256, 128, 64, 32)
    head: int = 16
    max_tokens: int = 18500
    detail_tile: int = 512
    detail_overlap: int = 64
    global_rel_pos: bool = False
    routed: bool = True

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be built.

        Raises:
            ValueError: a size contradicts another one.
        """
        if self.dim % self.heads or self.dim % 8:
            raise ValueError(f"dim {self.dim} must be a multiple of 8 and of heads {self.heads}")
        if any(not 0 <= index < self.depth for index in self.global_blocks):
            raise ValueError(f"global_blocks {self.global_blocks} must lie within depth {self.depth}")
        if self.patch != 16:
            raise ValueError(f"patch {self.patch}: the decoder's four doublings need 16")
        if self.detail_tile % self.patch or self.detail_overlap % self.patch:
            raise ValueError("detail_tile and detail_overlap must be multiples of patch")
        if self.global_rel_pos and self.routed:
            raise ValueError("relative positions need every token in a global block: not with a router")


MEMATTE_S = MatterConfig()
"""MEMatte-S (29.2 M parameters): https://github.com/linyiheng123/MEMatte, arXiv 2412.14018."""

VITMATTE_S = MatterConfig(global_rel_pos=True, routed=False)
"""ViTMatte-S (25.8 M parameters): https://github.com/hustvl/ViTMatte, arXiv 2305.15272."""

STARTER_MATTER = MatterConfig(
    dim=128,
    depth=6,
    heads=4,
    window=8,
    global_blocks=(2, 5),
    convstream=(24, 48, 96),
    fusion=(96, 64, 32, 16),
)
"""The small matter whose weights ship with the product."""
