"""A MAM2 small enough to run in milliseconds, with weights that make every part of it visible in the result."""

import torch

from engine.model.config import HieraConfig, LoraSettings, MAM2Config, TrackerConfig
from engine.model.mam2 import MAM2
from engine.model.matter_config import MatterConfig

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


def lively(model: MAM2, seed: int = 4) -> MAM2:
    """Move every weight off its start, except LoRA's: nothing is zero, the object is there, memory matters."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_" not in name:
                weight.add_(torch.randn_like(weight) * (0.3 if weight.ndim == 1 else 0.05))
        model.tracker.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.add_(6.0)
    return model.eval()
