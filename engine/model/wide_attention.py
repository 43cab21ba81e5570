"""Attention over many tokens on a processor, as plain matrix products on a few queries at a time.

Where a processor has AVX512 with bfloat16, PyTorch's fused attention reaches less than half of its matrix rate, and
these products nearly all of it; with AVX2 alone, and over plates with AMX, the fused one is the faster. The modules
take the weights of the SAM 2 ones that they stand in for and compute the same function.
"""

from typing import cast

import torch
from sam2.modeling.backbones.hieradet import MultiScaleAttention
from sam2.modeling.position_encoding import apply_rotary_enc
from sam2.modeling.sam.transformer import RoPEAttention
from torch import Tensor, nn

_ROWS = 256  # queries at once: their scores fit a processor's cache


def attend(queries_bnc: Tensor, keys_bmc: Tensor, values_bmd: Tensor) -> Tensor:
    """Average the values by softmax(Q K^T / sqrt(C)).

    Args:
        queries_bnc: (B, N, C).
        keys_bmc: (B, M, C).
        values_bmd: (B, M, D); D need not be C.

    Returns:
        (B, N, D).
    """
    out = queries_bnc.new_empty(*queries_bnc.shape[:2], values_bmd.shape[-1])
    scale = queries_bnc.shape[-1] ** -0.5
    # Two axes at a time: PyTorch's batched product is the slower one.
    for queries, keys, values, found in zip(queries_bnc, keys_bmc, values_bmd, out, strict=True):
        for start in range(0, len(queries), _ROWS):
            rows = slice(start, start + _ROWS)
            torch.mm((queries[rows] * scale @ keys.t()).softmax(dim=-1), values, out=found[rows])
    return out


class RecallAttention(RoPEAttention):
    """SAM 2's attention to memories, whose values can stay as narrow as memories are until they have been averaged.

    softmax(Q K^T) (M W + b) = (softmax(Q K^T) M) W + b, since a row of softmax sums to 1: with memories M of 64
    channels and values of 256 that is a quarter of the second product. It holds for one head without dropout.

    Attributes:
        narrow: whether it is done so; otherwise the products are SAM 2's own, to the bit.
    """

    narrow = False

    def forward(self, q: Tensor, k: Tensor, v: Tensor, num_k_exclude_rope: int = 0) -> Tensor:
        """Recall; arguments are named as SAM 2 names them.

        Args:
            q: (B, N, C) the frame's tokens.
            k: (B, M, K) memories with their positions.
            v: (B, M, K) memories.
            num_k_exclude_rope: how many of the last keys have no place in the frame.

        Returns:
            (B, N, C).
        """
        if not self.narrow:
            return cast("Tensor", super().forward(q, k, v, num_k_exclude_rope))
        queries, keys = self.q_proj(q), self.k_proj(k)
        placed = keys.shape[1] - num_k_exclude_rope
        queries, turned = apply_rotary_enc(
            queries[:, None], keys[:, None, :placed], self.freqs_cis.to(q.device), repeat_freqs_k=self.rope_k_repeat
        )
        keys = torch.cat([turned[:, 0], keys[:, placed:]], dim=1)
        with torch.autocast(q.device.type, enabled=False):
            recalled = attend(queries[:, 0], keys, v.to(keys.dtype))
        return cast("Tensor", self.out_proj(self.v_proj(recalled)))


class PlateAttention(nn.Module):
    """Hiera's attention over a whole plate.

    Args:
        attention: without query pooling; its parameters are shared.
    """

    def __init__(self, attention: MultiScaleAttention) -> None:
        super().__init__()
        if attention.q_pool is not None:
            raise ValueError("an attention that pools its queries is not over the whole plate")
        self.attention = attention

    def forward(self, x: Tensor) -> Tensor:
        """Turn (B, H, W, C) tokens into as many."""
        inner = self.attention
        heads = inner.qkv(x).flatten(1, 2).unflatten(-1, (3, inner.num_heads, -1)).permute(2, 0, 3, 1, 4)
        with torch.autocast(x.device.type, enabled=False):
            out = attend(*(one.flatten(0, 1).contiguous() for one in heads))
        joined = out.unflatten(0, (len(x), inner.num_heads)).transpose(1, 2).flatten(2)
        return cast("Tensor", inner.proj(joined.unflatten(1, x.shape[1:3])))
