"""A loaded model made ready to matte: the same function at less cost. Not for training, and not to be saved again.

Everywhere: the matter's norms are folded into its convolutions, it decodes only around unknown pixels, and the
encoder's positions are computed once. On a processor memory of freed tensors is kept, decoders and memory encoder have
their channels last, and attention over memories is `recall`. Where it multiplies bfloat16 natively, a large tracker
does so, stored so and with `half`, and the starter's matter, in attention, MLPs and decoder. Elsewhere a large
tracker's encoder takes a plate in `strips`.

What stays in float32: matters without trained weights to compare, the tokens that a matter's blocks add to and what its
routers make of them, since their choices must not flip, and the last layers before any alpha, which eight bits would
band.
"""

from typing import TYPE_CHECKING, cast

import torch
from sam2.modeling.sam2_utils import LayerNorm2d
from timm.layers import ConvNormAct
from timm.layers import LayerNorm2d as OnePassNorm
from torch import nn
from torch.nn.utils import skip_init
from torch.nn.utils.fusion import fuse_conv_bn_eval

from engine.model.config import STARTER_MATTER
from engine.model.image_encoder import LiteTrunk
from engine.model.mam2 import MAM2
from engine.model.matter import Matter
from engine.model.ready.around_unknown import PartDecoder
from engine.model.ready.half import fuse, multiply_in_half
from engine.model.ready.memory import keep_freed_memory
from engine.model.ready.strips import put_in_strips

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.model.image_encoder import PlateEncoder
    from engine.model.matter_blocks import AttentionBlock
    from engine.model.tracker import Tracker

_LARGE = 384
"""Pixels of the largest tracker's square that stays in float32, the starter's.

At 256, conversions cost more than bfloat16 saved; at 384 it saves a sixth of the tracker's time, which trained weights
would have to be examined for.
"""
_PROVEN_IN_HALF = (STARTER_MATTER,)
"""Matters whose trained weights are here, so that mattes could be compared: `benchmarks/fidelity.py`."""


class ChannelNorm(OnePassNorm):
    """SAM 2's norm over channels in one pass instead of seven: timm's, with its parameters.

    Args:
        norm: what it stands in for; its parameters are shared.
    """

    def __init__(self, norm: LayerNorm2d) -> None:
        super().__init__(len(norm.weight), norm.eps)
        self.weight, self.bias = norm.weight, norm.bias


def optimise(model: MAM2) -> None:
    """Make a model, on its device and in evaluation mode, ready to matte, in place."""
    device = model.tracker.no_mem_embed.device
    _fold_pyramid(model.tracker)
    if device.type == "cpu":
        put_channels_last(model.tracker.sam_mask_decoder)
        put_channels_last(model.tracker.memory_encoder)
        for layer in model.tracker.memory_attention.layers:
            layer.cross_attn_image.narrow = True
        if model.trimap is not None:
            model.trimap.to(memory_format=torch.channels_last)
    trunk = model.tracker.image_encoder.trunk
    if isinstance(trunk, LiteTrunk):
        trunk.to(memory_format=torch.channels_last)
    else:
        _optimise_hiera(model, trunk, device)
    optimise_matter(model.matter)


def _optimise_hiera(model: MAM2, trunk: "PlateEncoder", device: torch.device) -> None:
    if device.type == "cpu":
        # Tokens then lie as the blocks read them, channels last: an eighth of the time of a large encoder in bfloat16.
        trunk.patch_embed.to(memory_format=torch.channels_last)
    native = device.type == "cpu" and has_bfloat16()
    large = model.image_size > _LARGE
    half = native and large
    trunk.fix_positions(model.image_size, torch.bfloat16 if half else torch.float32)
    if half:
        model.precision = torch.bfloat16
        _store_in_half(model.tracker.image_encoder)
        _store_in_half(model.tracker.memory_attention)
        fuse(trunk.blocks, model.tracker.memory_attention)
    elif large and device.type == "cpu":
        put_in_strips(trunk.blocks)


def optimise_matter(matter: Matter) -> None:
    """Make a matter ready in the same way."""
    decoder = matter.decoder
    for part in [*decoder.convstream.convs, *(block.conv for block in decoder.fusion_blks)]:
        _fold(part)
    head = decoder.matting_head.matting_convs
    head[0], head[1] = _folded(head[0], head[1]), nn.Identity()
    head[2] = nn.ReLU(inplace=True)
    on_processor = matter.backbone.pos_embed.device.type == "cpu"
    half = on_processor and matter.config in _PROVEN_IN_HALF and has_bfloat16()
    matter.parts = PartDecoder(decoder).to(memory_format=torch.channels_last)
    if on_processor:
        keep_freed_memory()
    if half:
        matter.parts.convstream.bfloat16()
        matter.parts.steps.bfloat16()
        multiply_in_half(cast("Iterable[AttentionBlock]", matter.backbone.blocks))


def put_channels_last(part: nn.Module) -> None:
    """Lay a part's convolutions out with channels last and exchange its norms over channels, in place."""
    part.to(memory_format=torch.channels_last)
    for module in list(part.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, LayerNorm2d):
                setattr(module, name, ChannelNorm(child))


def has_bfloat16() -> bool:
    """Tell whether this processor multiplies bfloat16 natively, not by way of float32."""
    return _can("_is_amx_tile_supported") or _can("_is_avx512_bf16_supported")


def _can(name: str) -> bool:
    """Ask PyTorch, which has no public names for these; a version without them says no."""
    ask = getattr(torch.cpu, name, None)
    return bool(ask and ask())


def _fold_pyramid(tracker: "Tracker") -> None:
    """Fold the mask decoder's narrowing of the two finest levels, which alone reads them, into what made them wide."""
    neck, decoder = tracker.image_encoder.neck, tracker.sam_mask_decoder
    neck.positioned = False
    for wide, name in ((neck.convs[-1], "conv_s0"), (neck.convs[-2], "conv_s1")):
        narrow, first = getattr(decoder, name), wide.conv
        folded = skip_init(nn.Conv2d, first.in_channels, narrow.out_channels, 1).to(first.weight)
        folded.requires_grad_(requires_grad=False)
        # On the processor, since not every device has double precision.
        rows, columns, inner, outer = (
            part.detach().cpu().double()
            for part in (narrow.weight.flatten(1), first.weight.flatten(1), first.bias, narrow.bias)
        )
        folded.weight.copy_((rows @ columns).float()[:, :, None, None])
        folded.bias.copy_((rows @ inner + outer).float())
        wide.conv = folded
        setattr(decoder, name, nn.Identity())


def _store_in_half(part: nn.Module) -> None:
    """Keep the weights of products as they are multiplied; norms stay as they are."""
    for module in part.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.bfloat16()


def _fold(part: ConvNormAct) -> None:
    """Fold a batch norm into the convolution before it; the activation behind it stays."""
    part.conv, part.bn = _folded(part.conv, part.bn), part.bn.act


def _folded(conv: nn.Module, norm: nn.Module) -> nn.Module:
    return fuse_conv_bn_eval(cast("nn.Conv2d", conv), cast("nn.BatchNorm2d", norm))
