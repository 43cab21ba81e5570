"""Image encoder and memory: SAM 2's parts built in plain Python from a frozen config, and low-rank adapters (LoRA).

The trunk is Hiera (SAM 2) or EfficientNet-Lite (Tan and Le, arXiv 1905.11946, in the form that its authors published
for phones: without squeeze-and-excitation, with ReLU6): small, of plain convolutions, and known to learn from
photographs. timm builds it, and its batch norms are folded into the convolutions before them: a trunk that begins from
ImageNet's statistics keeps them, and has no norm left that could drift with small batches.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import timm
from sam2.modeling.backbones.hieradet import Hiera
from sam2.modeling.backbones.image_encoder import FpnNeck, ImageEncoder
from sam2.modeling.memory_attention import MemoryAttention, MemoryAttentionLayer
from sam2.modeling.memory_encoder import CXBlock, Fuser, MaskDownSampler, MemoryEncoder
from sam2.modeling.position_encoding import PositionEmbeddingSine, compute_axial_cis
from sam2.modeling.sam.transformer import Attention, RoPEAttention
from timm.models.efficientnet import EfficientNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from engine.model.config import HieraConfig, LoraSettings, TrackerConfig

if TYPE_CHECKING:
    from peft.tuners.lora import LoraLayer

_TAPS = (1, 2, 4, 6)  # blocks whose outputs are the finest of strides 4, 8, 16 and 32
POINTWISE = r"blocks\.\d+\.\d+\.(conv_pw|conv_pwl)$"  # convolutions that mix channels: what adapters adapt
_DOWN, _UP, _BASE = ".lora_A.default.weight", ".lora_B.default.weight", ".base_layer."  # of adapters in a file


class PlateEncoder(Hiera):
    """SAM 2's trunk: a transformer whose blocks attend in windows or to the whole plate, in four stages."""

    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as SAM 2 has them


class RotaryAttention(RoPEAttention):
    """SAM 2's attention with rotary positions (RoPE), which lie where its weights do.

    SAM 2's own puts them on the first CUDA device that is there while it is built, wherever it is to work.

    Args:
        side: of the grid of tokens.
        repeated: the keys are of several frames, each of that grid.
        attention: what SAM 2's attention takes.
    """

    freqs_cis: Tensor

    def __init__(self, *, side: int, repeated: bool = False, **attention: Any) -> None:
        Attention.__init__(self, **attention)
        self.compute_cis = partial(compute_axial_cis, dim=self.internal_dim // self.num_heads, theta=10000.0)
        self.register_buffer("freqs_cis", self.compute_cis(end_x=side, end_y=side), persistent=False)
        self.rope_k_repeat = repeated


class LiteTrunk(nn.Module):
    """EfficientNet-Lite without norms and classifier: plates (B, 3, S, S) in, features at strides 4, 8, 16, 32 out.

    Args:
        name: `efficientnet_lite0`.
    """

    mean, std = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)  # near enough to (x - 127) / 128 of codes 0..255

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        net = folded(published_lite(name))
        self.conv_stem, self.act, self.blocks = net.conv_stem, net.bn1, net.blocks
        self.channel_list = [_width(net.blocks[tap]) for tap in reversed(_TAPS)]  # coarsest first, as the neck wants

    def forward(self, plates_b3ss: Tensor) -> list[Tensor]:
        """Give the features of normalised plates, finest first."""
        seen, levels = self.act(self.conv_stem(plates_b3ss)), []
        for number, block in enumerate(self.blocks):
            seen = block(seen)
            if number in _TAPS:
                levels.append(seen)
        return levels

    def take(self, published: Sequence[Tensor]) -> None:
        """Fill the trunk, beside whatever adapters it has, from the network as it was published.

        Args:
            published: every tensor of `published_lite`, in its order.

        Raises:
            ValueError: they are another network's.
        """
        net = published_lite(self.name)
        names = list(net.state_dict())
        if [tensor.shape for tensor in published] != [tensor.shape for tensor in net.state_dict().values()]:
            raise ValueError(f"not the tensors of {self.name}")
        net.load_state_dict(dict(zip(names, published, strict=True)))
        given = folded(net).state_dict()
        own = self.state_dict()
        self.load_state_dict({k: v if "lora_" in k else given[k.replace("base_layer.", "")] for k, v in own.items()})


def published_lite(name: str) -> EfficientNet:
    """Build EfficientNet-Lite as it is published, with norms and classifier, its values arbitrary."""
    return cast("EfficientNet", timm.create_model(f"tf_{name}", pretrained=False))


def folded(net: EfficientNet) -> EfficientNet:
    """Fold every batch norm of timm's EfficientNet into the convolution before it, in place; its activation stays."""
    net.eval()
    for module in list(net.modules()):
        children = dict(module.named_children())
        names = list(children)
        for name, after in pairwise(names):
            conv, norm = children[name], children[after]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, name, _fused(conv, norm))
                setattr(module, after, norm.act)
    return net


def build_image_encoder(config: TrackerConfig) -> ImageEncoder:
    """Build the trunk and its feature pyramid: plates in, features at strides 4, 8 and 16 out (32 is dropped)."""
    trunk = LiteTrunk(config.trunk) if config.hiera is None else _build_hiera(config.hiera)
    neck = FpnNeck(
        position_encoding=_positions(config.dim),
        d_model=config.dim,
        backbone_channel_list=list(trunk.channel_list),
        fpn_interp_model="nearest",
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
    shared: dict[str, Any] = {
        "side": config.image_size // 16,
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
        self_attention=RotaryAttention(**shared),
        d_model=config.dim,
        pos_enc_at_cross_attn_keys=True,
        pos_enc_at_cross_attn_queries=False,
        cross_attention=RotaryAttention(**shared, repeated=True, kv_in_dim=config.memory_dim),
    )
    return MemoryAttention(d_model=config.dim, pos_enc_at_input=True, layer=layer, num_layers=config.memory_layers)


def build_memory_encoder(config: TrackerConfig) -> MemoryEncoder:
    """Build what turns a frame's features and mask into a memory of `memory_dim` channels at stride 16."""
    return MemoryEncoder(
        in_dim=config.dim,
        out_dim=config.memory_dim,
        position_encoding=_positions(config.memory_dim),
        mask_downsampler=MaskDownSampler(embed_dim=config.dim, kernel_size=3, stride=2, padding=1),
        fuser=Fuser(CXBlock(config.dim, kernel_size=7, padding=3, layer_scale_init_value=1e-6), num_layers=2),
    )


def _positions(channels: int) -> PositionEmbeddingSine:
    """Build what encodes places; without a cache made ahead, which would lie on a CUDA device whatever the model's."""
    return PositionEmbeddingSine(num_pos_feats=channels, normalize=True, temperature=10000, warmup_cache=False)


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


def merged(tensors: Mapping[str, Tensor], settings: LoraSettings) -> dict[str, Tensor]:
    """Give an encoder's tensors by the names that they have without adapters: W + B A alpha / rank, in float32.

    Adapters that do not fit their weights stay as they are, for whoever checks names and shapes.
    """
    given = dict(tensors)
    for layer in [name.removesuffix(_DOWN) for name in tensors if name.endswith(_DOWN)]:
        if not _fits(given, layer):
            continue
        down, up = given.pop(layer + _DOWN).float(), given.pop(layer + _UP).float()
        change = up.flatten(1) @ down.flatten(1) * (settings.alpha / settings.rank)
        base = given.pop(f"{layer}{_BASE}weight").float()
        given[f"{layer}.weight"] = base + change.view_as(base)
        if f"{layer}{_BASE}bias" in given:
            given[f"{layer}.bias"] = given.pop(f"{layer}{_BASE}bias")
    return given


def _fused(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    return fuse_conv_bn_eval(conv, norm)


def _width(stage: nn.Sequential) -> int:
    last = stage[-1]
    return cast("nn.Conv2d", last.conv_pwl if hasattr(last, "conv_pwl") else last.conv_pw).out_channels


def _fits(given: Mapping[str, Tensor], layer: str) -> bool:
    names = (f"{layer}{_BASE}weight", layer + _DOWN, layer + _UP)
    if any(name not in given or given[name].ndim < 2 or given[name][0, 0].numel() != 1 for name in names):
        return False  # a linear layer's weight, or a convolution's of 1x1
    (rows, columns), down, up = (tuple(given[name].shape[:2]) for name in names)
    return down == (up[1], columns) and up[0] == rows
