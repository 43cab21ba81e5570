"""A MAM2 small enough to run in milliseconds, with weights that make every part of it visible in the result."""

import torch

from engine.model.config import HieraConfig, LoraSettings, MAM2Config, MatterConfig, TrackerConfig
from engine.model.mam2 import MAM2

TINY_MATTER = MatterConfig(
    dim=16,
    depth=2,
    heads=2,
    window=4,
    global_blocks=(1,),
    convstream=(4, 8, 16),
    fusion=(16, 8, 8, 4),
    head=4,
)
SMALL = MAM2Config(
    "small",
    TrackerConfig(
        HieraConfig(16, 1, (1, 1, 2, 1), (3,), windows=(8, 4, 4, 2)),
        image_size=64,
        dim=64,
        memory_layers=1,
        memory_feedforward=64,
        decoder_feedforward=64,
    ),
    TINY_MATTER,
    lora=LoraSettings(rank=2),
)


# Random weights hardly look at memory and draw flat masks; these make both plain to see.
_LOUDER = {"cross_attn_image.": 2.0, "mask_downsampler.encoder": 2.0, "output_hypernetworks_mlps": 1.7}


def lively(config: MAM2Config, seed: int = 7) -> MAM2:
    """Build a model with every weight off its start, except LoRA's: the object is there, and memory matters."""
    torch.manual_seed(seed)
    model = MAM2(config)
    with torch.no_grad():
        for name, weight in model.tracker.named_parameters():
            if "lora_" not in name:
                weight.add_(torch.randn_like(weight) * (0.3 if weight.ndim == 1 else 0.05))
            if weight.ndim > 1:
                weight.mul_(next((gain for part, gain in _LOUDER.items() if part in name), 1.0))
        for weight in model.matter.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
        model.tracker.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.add_(6.0)
    return model.eval()
