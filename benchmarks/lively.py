"""What seeded weights lack to have a trained model's work: a subject that is there, an alpha that depends on the plate.

As PyTorch seeds them, a tracker may call its object absent, and then there is nothing to matte; and MEMatte-S answers
nearly the same alpha everywhere, so that comparing two of its ways shows nothing.
"""

import torch
from torch import Tensor

from engine.model.mam2 import MAM2
from engine.model.matter import Matter

_LAST = "decoder.matting_head.matting_convs.3.weight"


def see_always(model: MAM2) -> None:
    """Have a seeded model count its object as seen, in place, so that every frame has work for the matter."""
    with torch.no_grad():
        model.tracker.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.add_(4.0)


def enliven(matter: Matter, seed: int = 0) -> None:
    """Draw all weights anew, in place: products keep the size of what goes in, the decoder's enlarge it a little.

    Args:
        matter: not yet made ready to matte.
        seed: of the weights.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, weight in matter.state_dict().items():
            if weight.is_floating_point():
                weight.copy_(_drawn(key, torch.randn(weight.shape, generator=generator)))


def _drawn(key: str, noise: Tensor) -> Tensor:
    """Give a weight from standard normal noise of its shape."""
    if key.endswith("running_var"):
        return 1 + 0.1 * noise.abs()
    if key.endswith(("running_mean", ".bias")):
        return 0.02 * noise
    if key.endswith(("rel_pos_h", "rel_pos_w")):
        return 0.1 * noise
    if key.endswith("pos_embed"):
        return noise
    if noise.dim() == 1:  # of a norm
        return 1 + 0.02 * noise
    return _gain(key) * noise / noise[0].numel() ** 0.5


def _gain(key: str) -> float:
    if ".routers." in key:
        return 2.0
    if key == _LAST:
        return 3.0
    return 1.5 if key.startswith("decoder.") else 1.0
