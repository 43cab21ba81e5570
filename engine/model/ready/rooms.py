"""The matter on a GPU without waiting for its routers: chosen tokens attend in rooms whose size is known beforehand.

How many tokens a router chooses is known on the device alone, and asking for it in every block keeps the device idle
meanwhile. So a block has room for somewhat more than it needed last; afterwards all are asked at once whether they
sufficed, together with what the decoder has to know. Where one did not, that batch is done again with waiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn import functional

from engine.model.matter import Matter, MatterOutput
from engine.model.matter_blocks import Attention, RoutedBlock
from engine.model.ready import become
from engine.model.ready.around_unknown import AroundUnknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.model.matter_backbone import BackboneOutput
    from engine.model.matter_blocks import AttentionBlock

_SCORES = 1 << 28
"""Scores of attention at once: 1 GiB, where a device has no kernel that keeps none. Above 4 GiB Metal aborts."""
_STEP, _SLACK = 128, 1.25
"""Tokens that rooms grow by, and how much larger they are than what was needed last."""


class PartwiseAttention(Attention):
    """Attention of loose tokens for some queries at a time, where its scores might not fit."""

    def chosen(self, tokens_bnc: Tensor, there_bn: Tensor | None = None) -> Tensor:
        """Let a loose set of tokens see each other; as `Attention.chosen`.

        Args:
            tokens_bnc: B x n x dim.
            there_bn: B x n, which are tokens at all; None: every one.
        """
        q, k, v = self._heads(tokens_bnc)
        seen = None if there_bn is None else there_bn[:, None, None]
        rows = max(1, _SCORES // (q.shape[0] * q.shape[1] * q.shape[2]))
        parts = q.split(rows, dim=2)
        found = [functional.scaled_dot_product_attention(some, k, v, attn_mask=_for(some, seen)) for some in parts]
        return self._merge(torch.cat(found, dim=2) if len(found) > 1 else found[0])


class RoomyBlock(RoutedBlock):
    """A routed block whose chosen tokens attend in a room.

    Attributes:
        room: tokens that it holds; None: as many as are chosen, which is waited for.
        needed: share of a frame's tokens that was chosen last, 0..1; None before the first.
    """

    room: int | None = None
    needed: float | None = None

    def _attend_kept(self, tokens_bhwc: Tensor, refined_bhwc: Tensor, keep_bhw: Tensor) -> Tensor:
        if self.room is None:
            return super()._attend_kept(tokens_bhwc, refined_bhwc, keep_bhw)
        tokens, keep, room = tokens_bhwc.flatten(1, 2), keep_bhw.flatten(1), self.room
        # Where in the room each token goes; those that are not chosen, or too many, go behind it.
        place = torch.where(keep, keep.cumsum(1) - 1, room).clamp_(max=room)
        numbers = torch.arange(keep.shape[1], device=keep.device).expand_as(place)
        chosen = place.new_zeros(len(keep), room + 1).scatter_(1, place, numbers)[:, :room]
        there = torch.arange(room, device=keep.device) < keep.sum(1, keepdim=True)
        inside = tokens.gather(1, chosen[..., None].expand(-1, -1, tokens.shape[-1]))
        attended = cast("PartwiseAttention", self.attn).chosen(self.norm1(inside), there).to(refined_bhwc.dtype)
        back = attended.gather(1, place.clamp(max=room - 1)[..., None].expand_as(tokens))
        return torch.where(keep_bhw[..., None], back.unflatten(1, keep_bhw.shape[1:]), refined_bhwc)


class RoomyMatter(Matter):
    """A matter that waits for its device once a batch; one thread at a time uses it."""

    def forward_detailed(
        self, plate_b3hw: Tensor, trimap_b1hw: Tensor, *, chance: Sequence[torch.Generator] | None = None
    ) -> MatterOutput:
        """Matte a batch of plates and tell what the routers did; as `Matter.forward_detailed`."""
        if chance is not None:
            raise ValueError("a model made ready to matte does not train")
        image, decoder = self.image_of(plate_b3hw, trimap_b1hw), cast("AroundUnknown", self.decoder)
        blocks = [block for block in self.backbone.blocks if isinstance(block, RoomyBlock)]
        tokens = image.shape[-2] * image.shape[-1] // self.config.patch**2
        for block in blocks:
            block.room = _room(block.needed, tokens)
        out = self.backbone(image, self.config.max_tokens)
        counts, cells = _told(out, decoder.cells_of(image))
        if any(block.room is not None and count > block.room for block, count in zip(blocks, counts, strict=True)):
            for block in blocks:
                block.room = None
            out = self.backbone(image, self.config.max_tokens)
        for block, count in zip(blocks, counts, strict=True):
            block.needed = count / tokens
        height, width = plate_b3hw.shape[-2:]
        alpha = decoder(out.features, image, cells)[..., :height, :width]
        return MatterOutput(alpha, out.keeps, out.log_probs, out.features)


def roomy(matter: Matter) -> Matter:
    """Have a matter wait once a batch, decode around unknown pixels and make alpha without TF32, in place."""
    for block in cast("Iterable[AttentionBlock]", matter.backbone.blocks):
        become(block.attn, PartwiseAttention)
        if isinstance(block, RoutedBlock):
            become(block, RoomyBlock)
    matter.add_module("decoder", AroundUnknown.with_exact_head(matter.decoder))
    return become(matter, RoomyMatter)


def _room(needed: float | None, tokens: int) -> int | None:
    if needed is None:
        return None
    wanted = int(_SLACK * needed * tokens) + _STEP
    return min(wanted - wanted % _STEP, tokens + -tokens % _STEP)


def _told(out: BackboneOutput, cells: Tensor) -> tuple[list[int], Tensor]:
    """Give on the CPU, after one wait, the most tokens that each router chose of a frame, and a map of cells, bool."""
    counts = [keep.flatten(1).sum(1).amax() for keep in out.keeps]
    if not counts:
        return [], cells.bool().cpu()
    told = torch.cat([torch.stack(counts).view(torch.uint8), cells.flatten()]).cpu()
    numbers, places = told.split([told.numel() - cells.numel(), cells.numel()])
    return numbers.clone().view(torch.int64).tolist(), places.view(cells.shape).bool()


def _for(queries: Tensor, seen: Tensor | None) -> Tensor | None:
    return None if seen is None else seen.expand(-1, 1, queries.shape[2], -1)
