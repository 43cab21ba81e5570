"""What each part of a model computes in on each device: the one table.

| device | large tracker | starter's tracker, trimaps of pictures | matter | its last step to alpha |
|---|---|---|---|---|
| NVIDIA 8.0 and newer, ROCm | bfloat16 | TF32 | TF32 | float32 |
| NVIDIA 7.0 to 7.5 | float16; float32 where that overflows | float32 | float32 | float32 |
| older NVIDIA, Apple | float32 | float32 | float32 | float32 |
| processor that multiplies bfloat16 | bfloat16 | float32 | bfloat16 where proven, between float32 tokens | float32 |
| other processors | float32 | float32 | float32 | float32 |

A tracker is large from `LARGE` on. TF32 is float32 whose products see ten bits after the point; eight would band a soft
alpha. Emulated bfloat16 is no row: it is slower than float32, and attention to a whole frame then keeps every score.
"""

import torch
from torch import Tensor, nn

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
