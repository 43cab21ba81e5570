"""Attention over memories on a processor, as plain matrix products on some queries or keys at a time.

Averaging values while they are narrow takes a third fewer products than SAM 2's own attention over memories.
"""

from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from engine.model.image_encoder import RotaryAttention

_ROWS = 256  # queries at once where their largest scores are sought
_BLOCKS = {torch.bfloat16: (1 << 20, 1024, 32), torch.float32: (1024, 512, 8)}
"""Queries and keys at once, where no query's largest score is sought, and what values are filled up to multiples of.

In bfloat16 products are so quick that arranging keys for each of several blocks of queries shows; float32 scores had
better stay in the cache between product, exponential and product.
"""
_LEAST, _MOST = 1e-30, 1e30  # sums of exponentials that no addend was too small or too large for


def attend(queries_bnc: Tensor, keys_bmc: Tensor, values_bmd: Tensor) -> Tensor:
    """Average the values by softmax(Q K^T / sqrt(C)), without looking for each query's largest score.

    Softmax subtracts it so that no exponential leaves the range of a float, and it costs as much as the products. Here
    the sums of exponentials tell whether one has left it, and only then is it all done again. A last value of 1 for
    each key gives the sums with the products.

    Args:
        queries_bnc: (B, N, C).
        keys_bmc: (B, M, C).
        values_bmd: (B, M, D); D need not be C.

    Returns:
        (B, N, D).
    """
    width = values_bmd.shape[-1]
    rows, columns, multiple = _BLOCKS[queries_bnc.dtype]
    extra = values_bmd.new_zeros(*values_bmd.shape[:2], multiple - width % multiple)
    extra[..., 0] = 1
    out = queries_bnc.new_empty(*queries_bnc.shape[:2], width)
    scores = queries_bnc.new_empty(min(rows, queries_bnc.shape[1]) * columns)
    for queries, keys, values, found in zip(
        queries_bnc * queries_bnc.shape[-1] ** -0.5, keys_bmc, torch.cat([values_bmd, extra], dim=-1), out, strict=True
    ):
        for some_queries, some_found in zip(queries.split(rows), found.split(rows), strict=True):
            total = torch.zeros(len(some_queries), values.shape[-1])
            for some_keys, some_values in zip(keys.split(columns), values.split(columns), strict=True):
                shaped = scores[: len(some_queries) * len(some_keys)].view(len(some_queries), -1)
                torch.mm(some_queries, some_keys.t(), out=shaped)
                total += shaped.exp_() @ some_values
            sums = total[:, width, None]
            if not ((sums > _LEAST) & (sums < _MOST)).all():
                return _attend_shifted(queries_bnc, keys_bmc, values_bmd)
            some_found.copy_(total[:, :width] / sums)
    return out


class RecallAttention(RotaryAttention):
    """SAM 2's attention to memories, whose values stay as narrow as memories are until they have been averaged.

    softmax(Q K^T) (M W + b) = (softmax(Q K^T) M) W + b, since a row of softmax sums to 1: with memories M of 64
    channels and values of 256 that is a quarter of the second product. It holds for one head without dropout.
    """

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
        queries, keys = self.q_proj(q), self.k_proj(k)
        placed = keys.shape[1] - num_k_exclude_rope
        for tokens in (queries, keys[:, :placed]):
            _turn(tokens, self.freqs_cis)
        with torch.autocast(q.device.type, enabled=False):
            recalled = attend(queries, keys, v.to(keys.dtype))
        return cast("Tensor", self.out_proj(self.v_proj(recalled)))


def _attend_shifted(queries_bnc: Tensor, keys_bmc: Tensor, values_bmd: Tensor) -> Tensor:
    some = (scaled_dot_product_attention(rows, keys_bmc, values_bmd) for rows in queries_bnc.split(_ROWS, dim=1))
    return torch.cat(list(some), dim=1)


def _turn(tokens_bnc: Tensor, turns_mc: Tensor) -> None:
    """Give tokens their places by SAM 2's rotary encoding, in place, frame by frame: one fits a processor's cache.

    Args:
        tokens_bnc: (B, N, C), N a multiple of M.
        turns_mc: (M, C / 2) complex, of the places of one frame.
    """
    for frame in tokens_bnc.split(len(turns_mc), dim=1):
        pairs = torch.view_as_complex(frame.float().unflatten(-1, (-1, 2)))
        frame.copy_(torch.view_as_real(pairs * turns_mc).flatten(-2))
