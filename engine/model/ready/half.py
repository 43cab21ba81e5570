"""Layers in bfloat16 on a processor: a trunk's, with fewer passes over tokens, and a matter's between float32 tokens.

An encoder spends half its time between its products: on biases, GELU, norms and pooling, each a walk through memory.
"""

import torch
from sam2.modeling.sam2_utils import MLP
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from engine.model.mam2 import MAM2
from engine.model.matter_blocks import Attention, AttentionBlock
from engine.model.ready import become

_ROWS, _TOKENS = 256, 64
"""Steps of tokens in a matter's products and in its attention.

Every number of them is compiled for and kept: a millisecond or two a layer, 0.9 MiB a product, 0.2 MiB an attention,
the latter for good. Without steps an HD shot, whose crops are ever others, grew by 4 MiB a frame.
"""


class FusedLinear(nn.Linear):
    """A linear layer stored in bfloat16 that adds its bias while a product is still in the cache."""

    after = "none"

    def forward(self, x: Tensor) -> Tensor:
        """Turn (..., C) tokens into (..., D), in bfloat16."""
        tokens = x.to(self.weight.dtype)
        found: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001 - see `fuses`
            tokens, self.weight, self.bias, self.after, [], "none"
        )
        return found


class FusedGelu(FusedLinear):
    """One that applies GELU too."""

    after = "gelu"


class HalfLinear(nn.Linear):
    """A linear layer stored in bfloat16 for any number of tokens, of which it takes whole steps."""

    def forward(self, x: Tensor) -> Tensor:
        """Turn (..., C) tokens into (..., D), in bfloat16."""
        tokens = x.flatten(0, -2)
        rows = _whole_steps(tokens.to(self.weight.dtype), _ROWS)
        return functional.linear(rows, self.weight, self.bias)[: len(tokens)].unflatten(0, x.shape[:-1])


class HalfNorm(nn.LayerNorm):
    """A layer norm that reads and writes bfloat16 and computes in float32, where autocast would write float32."""

    def forward(self, x: Tensor) -> Tensor:
        """Turn (..., C) tokens into as many."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x)


class PairPool(nn.Module):
    """The largest of 2x2 tokens, without the indices that PyTorch's own pooling makes, eight bytes for every two."""

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, C, H, W) with channels last, H and W even, into (B, C, H / 2, W / 2)."""
        rows = x.permute(0, 2, 3, 1).unflatten(1, (-1, 2))
        taller = torch.maximum(rows[:, :, 0], rows[:, :, 1]).unflatten(2, (-1, 2))
        return torch.maximum(taller[:, :, :, 0], taller[:, :, :, 1]).permute(0, 3, 1, 2)


def attend_in_half(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention of any number of tokens to each other, in whole steps of them; all (B, heads, n, C) in bfloat16."""
    count = q.shape[2]
    q, k, v = (_whole_steps(part, _TOKENS) for part in (q, k, v))
    seen = None
    if q.shape[2] > count:
        seen = q.new_zeros(q.shape[2])
        seen[count:] = -torch.inf
        seen = seen.expand(1, 1, q.shape[2], -1)
    return functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)[:, :, :count]


def fuses() -> bool:
    """Tell whether PyTorch's operator for fused products is there and computes what the public ones do.

    It has no public name: it is what PyTorch's own compiler calls for a linear layer on a processor.
    """
    linear = skip_init(nn.Linear, 64, 64, dtype=torch.bfloat16)
    x = torch.linspace(-2, 2, 128, dtype=torch.bfloat16).view(2, 64)
    with torch.no_grad():
        linear.weight.copy_(torch.linspace(-0.3, 0.2, 64 * 64).view(64, 64))
        linear.bias.copy_(torch.linspace(-1, 1, 64))
        try:
            return torch.allclose(FusedGelu.forward(linear, x), functional.gelu(linear(x)), rtol=0.02, atol=0.01)
        except (AttributeError, RuntimeError):
            return False


def in_half(part: nn.Module) -> nn.Module:
    """Keep the weights of a part's products as they are multiplied, and its layers with fewer passes, in place."""
    for module in part.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.bfloat16()
    fused = fuses()
    for module in list(part.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.LayerNorm):
                become(child, HalfNorm)
            elif isinstance(child, nn.MaxPool2d):
                setattr(module, name, PairPool())
            elif fused and isinstance(child, MLP):
                child.layers[0], child.act = become(child.layers[0], FusedGelu), nn.Identity()
            elif fused and type(child) is nn.Linear:
                become(child, FusedLinear)
    return part


def tracker_precision(model: MAM2) -> torch.dtype | None:
    """Give what a tracker's products are computed in, for autocast: what it is stored in; None: float32."""
    stored_in: torch.dtype = model.tracker.image_encoder.neck.convs[0].conv.weight.dtype
    return None if stored_in == torch.float32 else stored_in


class HalfAttention(Attention):
    """A matter's attention whose loose tokens see each other in whole steps of them."""

    def chosen(self, tokens_bnc: Tensor) -> Tensor:
        """Let a loose set of tokens see each other; as `Attention.chosen`."""
        return self._merge(attend_in_half(*self._heads(tokens_bnc)))


def matter_block_in_half(block: AttentionBlock) -> AttentionBlock:
    """Have attention and MLP of a matter's block compute in bfloat16, in place; what they add to stays float32.

    Products are public ones: fused ones take oneDNN longer to compile and gain nothing here.
    """
    become(block.attn, HalfAttention)
    for part in (block.attn, block.mlp):
        part.bfloat16()
        for child in part.children():
            if isinstance(child, nn.Linear):
                become(child, HalfLinear)
    return block


def _whole_steps(tokens: Tensor, step: int) -> Tensor:
    """Give (..., n, C) tokens with zeros after them, up to a multiple of `step`."""
    missing = -tokens.shape[-2] % step
    return functional.pad(tokens, (0, 0, 0, missing)) if missing else tokens
