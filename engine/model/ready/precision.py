"""What each part of a model computes in on each device: the one table; and weights stored in that precision.

| device | large tracker | starter's tracker, trimaps of pictures | matter | its last step to alpha |
|---|---|---|---|---|
| NVIDIA 8.0 and newer, ROCm | bfloat16 | TF32 | TF32 | float32 |
| NVIDIA 7.0 to 7.5 | float16; float32 where that overflows | float32 | float32 | float32 |
| older NVIDIA, Apple | float32 | float32 | float32 | float32 |
| processor that multiplies bfloat16 | bfloat16 | float32 | bfloat16 where proven, between float32 tokens | float32 |
| other processors | float32 | float32 | float32 | float32 |

A tracker is large from `LARGE` on. TF32 is float32 whose products see ten bits after the point; eight would band a soft
alpha. Emulated bfloat16 is no row: it is slower than float32, and attention to a whole frame then keeps every score.

Autocast makes half precision of every float32 weight for every product. On a frame of a large tracker almost half of
all that a GPU was asked to do were such conversions, and reading the weights was most of the memory's work.
"""

from typing import Any, cast

import torch
from sam2.modeling.position_encoding import PositionEmbeddingSine
from sam2.modeling.sam.prompt_encoder import PromptEncoder
from sam2.modeling.sam2_utils import LayerNorm2d
from torch import Tensor, nn
from torch.nn import functional

from engine.model.ready import become
from engine.model.ready.encoder import BarePyramid, ChannelNorm, FixedHiera
from engine.model.tracker import Tracker

LARGE = 384
"""Pixels of the largest tracker's square that stays in float32, the starter's.

At 256, conversions cost more than bfloat16 saved; at 384 it saves a sixth of the tracker's time, which trained weights
would have to be examined for.
"""
_BFLOAT16, _FLOAT16 = (8, 0), (7, 0)
"""Least compute capability that multiplies each natively."""


def half_of(device: torch.device) -> torch.dtype | None:
    """Give the half precision that a device multiplies natively, bfloat16 if it can; None: neither, or not proven."""
    if device.type == "cpu":
        return torch.bfloat16 if has_bfloat16() else None
    if device.type != "cuda":
        return None
    if torch.version.hip:
        return torch.bfloat16
    capability = torch.cuda.get_device_capability(device)
    return torch.bfloat16 if capability >= _BFLOAT16 else torch.float16 if capability >= _FLOAT16 else None


def has_bfloat16() -> bool:
    """Tell whether this processor multiplies bfloat16 natively, in tiles (AMX) or not, and not by way of float32."""
    # PyTorch has no public names for these; a version without them says no.
    asked = (getattr(torch.cpu, name, None) for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"))
    return any(ask() for ask in asked if ask)


def use_tf32() -> None:
    """Have float32 products and convolutions use TF32 where a GPU has it, for the whole process.

    By default PyTorch's convolutions do and its products do not.
    """
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True


class InFloat32(nn.Module):
    """Layers that never use TF32.

    Args:
        layers: what they are.
    """

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        """Do what the layers do."""
        products, convolutions = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        try:
            found: Tensor = self.layers(x)
        finally:
            torch.backends.cuda.matmul.allow_tf32 = products
            torch.backends.cudnn.allow_tf32 = convolutions
        return found


class StoredNorm(nn.LayerNorm):
    """A layer norm that reads and writes the precision of its weights and computes in float32."""

    def forward(self, x: Tensor) -> Tensor:
        """Turn (..., C) tokens into as many."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.to(self.weight.dtype))


class StoredChannelNorm(ChannelNorm):
    """A norm over channels that reads and writes the precision of its weights."""

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, C, H, W) into as many."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.to(self.weight.dtype))


class StoredPyramid(BarePyramid):
    """A feature pyramid whose levels are added in the precision in which they come."""

    def onto(self, finer_bchw: Tensor, coarser_bchw: Tensor) -> Tensor:
        """Add a level to the one of twice its size."""
        with torch.autocast(finer_bchw.device.type, enabled=False):  # it would double them in float32
            return finer_bchw + functional.interpolate(coarser_bchw, scale_factor=2.0, mode="nearest")


class StoredPlaces(PositionEmbeddingSine):
    """Positions of a grid's cells, made once for the grid that there is."""

    places: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Give (B, C, H, W) positions for as many cells."""
        if self.places.shape[-2:] != x.shape[-2:]:
            return cast("Tensor", super().forward(x))
        return self.places.expand(len(x), -1, -1, -1)


class StoredPrompts(PromptEncoder):
    """A prompt encoder that answers in the precision of its weights and has the positions of a plate's cells ready."""

    places: Tensor

    def get_dense_pe(self) -> Tensor:
        """Give the positions (1, C, H, W)."""
        return self.places

    def forward(self, points: Any, boxes: Any, masks: Tensor | None) -> tuple[Tensor, Tensor]:
        """Embed prompts as SAM 2 does: (B, N, C) for points and boxes, (B, C, H, W) for a mask."""
        sparse, dense = super().forward(points, boxes, masks)
        return sparse.to(self.places.dtype), dense


class StoredTracker(Tracker):
    """A tracker whose object pointers have the precision of the memories that they are recalled with."""

    def _forward_sam_heads(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        *masks, pointer, presence = super()._forward_sam_heads(*args, **kwargs)
        return *masks, pointer.to(self.no_obj_ptr.dtype), presence


def stored(tracker: Tracker, precision: torch.dtype) -> Tracker:
    """Store a tracker in a precision, in place; convolutions with channels last, as its features lie.

    Frequencies of positions stay in float32: what eight bits would make of them are other positions.
    """
    side = tracker.image_size // 16
    prompts = tracker.sam_prompt_encoder
    places = [(prompts, prompts.get_dense_pe())]
    for encoding in (tracker.image_encoder.neck.position_encoding, tracker.memory_encoder.position_encoding):
        like = prompts.no_mask_embed.weight.new_empty(1, 1, side, side)
        places.append((become(encoding, StoredPlaces), PositionEmbeddingSine.forward(encoding, like)))
    for module, made in places:
        last = made.detach().to(precision).contiguous(memory_format=torch.channels_last)
        module.register_buffer("places", last, persistent=False)
    become(prompts, StoredPrompts)
    become(tracker.image_encoder.neck, StoredPyramid)
    become(tracker, StoredTracker)
    for module in tracker.modules():
        for name, weight in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(weight.to(precision), requires_grad=False))
        if isinstance(module, nn.LayerNorm):
            become(module, StoredNorm)
        elif isinstance(module, LayerNorm2d):
            become(module, StoredChannelNorm)
    trunk = tracker.image_encoder.trunk
    if isinstance(trunk, FixedHiera):
        trunk.fixed_positions = trunk.fixed_positions.to(precision)
    return cast("Tracker", tracker.to(memory_format=torch.channels_last))
