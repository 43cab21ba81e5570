"""A model's first step, on a plate that nobody has to provide: it loads a device's kernels and shows what overflows."""

import torch
from torch import Tensor

from engine.model.mam2 import MAM2
from engine.model.tensors import FramePrompt, Memory


@torch.inference_mode()
def first_step(model: MAM2, precision: torch.dtype | None) -> list[Tensor]:
    """Click a plate of all colours, recall what came of it, and matte a corner.

    Args:
        model: on its device, in evaluation mode.
        precision: of the tracker's products, for autocast; None: that of its weights.

    Returns:
        What the tracker made: features, mask, pointer and what is recalled.
    """
    device, side = next(model.parameters()).device, model.image_size
    ramp = torch.linspace(0, 1, side, device=device)
    waves = (40 * ramp).sin().abs().expand(side, side)
    plate = torch.stack([ramp.expand(side, side), waves.t(), waves])[None]
    click = FramePrompt(ramp.new_full((1, 1, 2), side / 2), torch.ones(1, 1, dtype=torch.int32, device=device))
    with torch.autocast(device.type, precision, enabled=precision is not None):
        features = model.encode(plate)
        step = model(features, click, Memory(0, 2))
        recalled = model.recall(features, Memory(1, 2, {0: step.memory}))
    model.matter(plate[..., :64, :64], torch.full_like(plate[:, :1, :64, :64], 0.5))
    return [features.image_bchw, *features.high_res, step.mask.logits_b1hw, step.memory.pointer_bc, recalled]


def overflows(model: MAM2, precision: torch.dtype) -> bool:
    """Tell whether a tracker's numbers leave a precision's range."""
    return not all(bool(tensor.isfinite().all()) for tensor in first_step(model, precision))
