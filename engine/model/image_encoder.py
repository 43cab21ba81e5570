"""SAM 2's parts built in plain Python from a frozen config: encoder, memory, and the adapters on the encoder."""

import sys
from typing import TYPE_CHECKING, cast

import torch
from sam2.modeling.backbones.hieradet import Hiera
from sam2.modeling.backbones.image_encoder import FpnNeck, ImageEncoder
from sam2.modeling.memory_attention import MemoryAttention, MemoryAttentionLayer
from sam2.modeling.memory_encoder import CXBlock, Fuser, MaskDownSampler, MemoryEncoder
from sam2.modeling.position_encoding import PositionEmbeddingSine
from sam2.modeling.sam.transformer import RoPEAttention
from torch import Tensor, nn
from torch.nn import functional

from engine.model.config import HieraConfig, LoraSettings, TrackerConfig
from engine.model.lite_trunk import POINTWISE, LiteTrunk
from engine.model.wide_attention import RecallAttention

if TYPE_CHECKING:
    from peft.tuners.lora import LoraLayer


class PlateEncoder(Hiera):
    """Hiera, whose positions can be computed once for all plates."""

    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as SAM 2 has them
    fixed_positions: Tensor | None

    def fix_positions(self, side: int, precision: torch.dtype) -> None:
        """Compute the positions of plates of `side` pixels now; weights loaded later do not change them.

        Args:
            side: of the plates, in pixels.
            precision: of the positions, and so of all tokens that patches in that precision become.
        """
        positions = self._get_pos_embed((side // 4, side // 4)).detach()
        self.register_buffer("fixed_positions", positions.to(precision), persistent=False)

    def _get_pos_embed(self, hw: tuple[int, int]) -> Tensor:
        fixed = getattr(self, "fixed_positions", None)
        if fixed is not None and fixed.shape[1:3] == tuple(hw):
            return fixed
        return cast("Tensor", super()._get_pos_embed(hw))


class PlatePyramid(FpnNeck):
    """SAM 2's feature pyramid, which can leave out the positions of its levels: `MAM2.recall` makes the ones it needs.

    Attributes:
        positioned: whether it gives them.
    """

    positioned = True

    def forward(self, xs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Turn the trunk's features, finest first, into as many of one width, and into positions as many or none."""
        levels: list[Tensor] = []
        for level, features in reversed(list(enumerate(xs))):
            found = self.convs[-1 - level](features)
            if levels and level in self.fpn_top_down_levels:
                found = found + functional.interpolate(levels[0].float(), scale_factor=2.0, mode="nearest")
            levels.insert(0, found)
        return levels, [self.position_encoding(level).to(level.dtype) for level in levels if self.positioned]


def build_image_encoder(config: TrackerConfig) -> ImageEncoder:
    """Build the trunk and its feature pyramid: plates in, features at strides 4, 8 and 16 out (32 is dropped)."""
    trunk = LiteTrunk(config.trunk) if config.hiera is None else _build_hiera(config.hiera)
    neck = PlatePyramid(
        position_encoding=PositionEmbeddingSine(num_pos_feats=config.dim, normalize=True, temperature=10000),
        d_model=config.dim,
        backbone_channel_list=list(trunk.channel_list),
        fpn_top_down_levels=[2, 3],
    )
    return ImageEncoder(trunk=trunk, neck=neck, scalp=1)


def _build_hiera(hiera: HieraConfig) -> PlateEncoder:
    return PlateEncoder(
        embed_dim=hiera.embed_dim,
        num_heads=hiera.num_heads,
        stages=hiera.stages,
        global_att_blocks=hiera.global_blocks,
        window_spec=hiera.windows,
        window_pos_embed_bkg_spatial_size=hiera.position_grid,
    )


def build_memory_attention(config: TrackerConfig) -> MemoryAttention:
    """Build the attention by which a frame's stride-16 features recall the memories of other frames."""
    side = config.image_size // 16
    shared = {
        "rope_theta": 10000.0,
        "feat_sizes": (side, side),
        "embedding_dim": config.dim,
        "num_heads": 1,
        "downsample_rate": 1,
        "dropout": config.dropout,
    }
    layer = MemoryAttentionLayer(
        activation="relu",
        dim_feedforward=config.memory_feedforward,
        dropout=config.dropout,
        pos_enc_at_attn=False,
        self_attention=RoPEAttention(**shared),
        d_model=config.dim,
        pos_enc_at_cross_attn_keys=True,
        pos_enc_at_cross_attn_queries=False,
        cross_attention=RecallAttention(**shared, rope_k_repeat=True, kv_in_dim=config.memory_dim),
    )
    return MemoryAttention(d_model=config.dim, pos_enc_at_input=True, layer=layer, num_layers=config.memory_layers)


def build_memory_encoder(config: TrackerConfig) -> MemoryEncoder:
    """Build what turns a frame's features and mask into a memory of `memory_dim` channels at stride 16."""
    return MemoryEncoder(
        in_dim=config.dim,
        out_dim=config.memory_dim,
        position_encoding=PositionEmbeddingSine(num_pos_feats=config.memory_dim, normalize=True, temperature=10000),
        mask_downsampler=MaskDownSampler(embed_dim=config.dim, kernel_size=3, stride=2, padding=1),
        fuser=Fuser(CXBlock(config.dim, kernel_size=7, padding=3, layer_scale_init_value=1e-6), num_layers=2),
    )


def add_lora(encoder: ImageEncoder, settings: LoraSettings) -> None:
    """Put low-rank adapters on the trunk, in place; the rest of it freezes.

    Hiera has them on every attention's `qkv` and `proj`, EfficientNet on what mixes its channels. They start as the
    identity: until trained, the encoder's numbers do not change.
    """
    import peft  # noqa: PLC0415 - it brings transformers along, and a matter alone has no adapters

    adapters = peft.LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=POINTWISE if isinstance(encoder.trunk, LiteTrunk) else r".*\.attn\.(qkv|proj)",
    )
    peft.inject_adapter_in_model(adapters, encoder.trunk)


def rest_untaught_adapters(module: nn.Module) -> None:
    """Let adapters that neither train nor change anything yet cost nothing; the others work."""
    for layer in lora_layers(module):
        downs, ups = layer.lora_A.values(), layer.lora_B.values()
        trains = any(part.weight.requires_grad for part in (*downs, *ups))
        changes = any(bool(up.weight.any()) for up in ups)
        layer._disable_adapters = not (trains or changes)  # noqa: SLF001 - its setter would also freeze or free them


def lora_layers(module: nn.Module) -> "list[LoraLayer]":
    """Give the layers inside a module that have adapters."""
    if "peft" not in sys.modules:  # which makes them
        return []
    from peft.tuners.lora import LoraLayer  # noqa: PLC0415 - as in `add_lora`

    return [layer for layer in module.modules() if isinstance(layer, LoraLayer)]
