"""The Memory-Separated Siamese (MSS): how pass 1's mask becomes pass 2's trimap, and the ways the paper compares.

| mode | mask from | trimap from |
|---|---|---|
| `parallel` | memory features, prompts | the same pass, the mask kept apart |
| `pdd` | memory features, prompts | the same pass, augmented by the mask |
| `pdd+mcs` | memory features, prompts | a second pass on memory features, the mask as prompt |
| `pdd+mss` | memory features, prompts | a second pass on features without memory, the mask as prompt |

Memory carries masks, and a mask calls a transparent interior foreground; features without memory do not, so the
trimap cannot collapse onto earlier masks.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.model.tensors import Features, FramePrompt, Mask

if TYPE_CHECKING:
    from engine.model.mam2 import MAM2

_DOUBT = 3.0  # |logit| under which a mask doubts itself: sigmoid(3) = 0.95
_CERTAIN = 8.0


def siamese(
    model: "MAM2",
    mode: str,
    features: Features,
    alone_bchw: Tensor,
    remembered_bchw: Tensor,
    prompt: FramePrompt | None,
) -> tuple[Mask, Tensor]:
    """Decode one frame.

    Args:
        model: the decoder's owner.
        mode: a row of the table above.
        features: the encoded plate.
        alone_bchw: (B, C, S/16, S/16) embedding without memory.
        remembered_bchw: (B, C, S/16, S/16) embedding conditioned on memory.
        prompt: what the artist says on this frame.

    Returns:
        The mask, and trimap logits (B, 3, S/4, S/4): background, unknown, foreground. A model that takes its trimap
        from the picture gives the mask's band of doubt here: the plate itself is not among what the decoder sees.
    """
    if model.config.trimap_from != "decoder":
        mask = model.decode_mask(features, remembered_bchw, prompt)
        return mask, uncertainty_band(mask.logits_b1hw)
    if mode in ("parallel", "pdd"):
        mask, trimap = model.decode_both(features, remembered_bchw, prompt, augment=mode == "pdd")
    else:
        mask = model.decode_mask(features, remembered_bchw, prompt)
        trimap = model.decode_trimap(features, remembered_bchw if mode == "pdd+mcs" else alone_bchw, mask)
    return mask, trimap if model.training else _absent_is_background(trimap, mask)


def uncertainty_band(mask_logits_b1hw: Tensor, reach: int = 3) -> Tensor:
    """Give a trimap without a trimap branch: unknown where the mask doubts itself, and `reach` cells around its edge.

    Args:
        mask_logits_b1hw: (B, 1, h, w).
        reach: half width of the band around the mask's edge in cells of stride 4.

    Returns:
        (B, 3, h, w) logits: background, unknown, foreground.
    """
    inside = (mask_logits_b1hw > 0).to(mask_logits_b1hw.dtype)
    grown = F.max_pool2d(inside, 2 * reach + 1, stride=1, padding=reach)
    shrunk = -F.max_pool2d(-inside, 2 * reach + 1, stride=1, padding=reach)
    unknown = (grown != shrunk) | (mask_logits_b1hw.abs() < _DOUBT)
    classes = torch.cat([~unknown & (inside == 0), unknown, ~unknown & (inside == 1)], dim=1)
    return classes.to(mask_logits_b1hw.dtype) * _CERTAIN


def _absent_is_background(trimap_b3hw: Tensor, mask: Mask) -> Tensor:
    """Where the object is not in the frame, everything is background."""
    background = trimap_b3hw.new_tensor([_CERTAIN, 0.0, 0.0]).view(1, 3, 1, 1)
    return torch.where(mask.presence_b1.view(-1, 1, 1, 1) > 0, trimap_b3hw, background)
