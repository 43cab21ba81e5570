"""The recipe as data: what each stage trains, on what, with which losses.

Stage 0 (`masks-*`) stands in for SAM 2's pre-training, on masks alone. Then the paper's stages: `trimaps` with
L_main = 1[VOS] L_mask + 1[VM or IM] L_trimap, LoRA on the frozen encoder; `matter` with L_alpha.
"""

import re
from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        name: what `--stage` takes.
        kind: `masks`, `trimaps` or `matter`: which losses apply.
        trains: regular expressions; a parameter trains when one is found in its name and none of `frozen` is.
        frozen: see above.
        size: side of the training clips in pixels.
        frames: frames a clip.
        batch: clips a step.
        rate: peak learning rate of AdamW.
        first_seed: where the stage's own clips begin.
        objects: most objects asked for in a clip; what they share, the encoder, is most of a tracker's step.
    """

    name: str
    kind: str
    trains: tuple[str, ...]
    frozen: tuple[str, ...]
    size: int
    frames: int
    batch: int
    rate: float
    first_seed: int
    objects: int = 2


_TRIMAP = r"trimap_|mask_augment"
_ENCODER = r"image_encoder\.(?!.*lora_)"

STAGES = {
    stage.name: stage
    for stage in (
        Stage("images-128", "masks", (r"^tracker\.",), (_TRIMAP, "lora_"), 128, 1, 16, 1e-3, 0),
        Stage("images-256", "masks", (r"^tracker\.",), (_TRIMAP, "lora_"), 256, 1, 8, 8e-4, 6_000_000),
        Stage("masks-128", "masks", (r"^tracker\.",), (_TRIMAP, "lora_"), 128, 3, 8, 1e-3, 0),
        Stage("masks-256", "masks", (r"^tracker\.",), (_TRIMAP, "lora_"), 256, 3, 4, 6e-4, 11_000_000),
        Stage("masks-long", "masks", (r"^tracker\.",), (_TRIMAP, "lora_"), 256, 5, 3, 5e-4, 20_000_000),
        Stage("trimaps-images", "trimaps", (r"^tracker\.",), (_ENCODER,), 256, 1, 8, 8e-4, 61_000_000),
        Stage("trimaps", "trimaps", (r"^tracker\.",), (_ENCODER,), 256, 3, 4, 6e-4, 32_000_000),
        Stage("trimaps-long", "trimaps", (r"^tracker\.",), (_ENCODER,), 256, 8, 2, 5e-4, 70_000_000),
        Stage("matter", "matter", (r"^matter\.",), (), 256, 1, 8, 1e-3, 40_000_000, 1),
        Stage("matter-fine", "matter", (r"^matter\.",), (), 256, 3, 2, 5e-4, 51_000_000, 1),
    )
}  # fmt: skip


def choose_parameters(model: nn.Module, stage: Stage) -> dict[str, nn.Parameter]:
    """Set `requires_grad` on every parameter as the stage says; give those that train, by name."""
    trains, frozen = (re.compile("|".join(rules) or r"(?!)") for rules in (stage.trains, stage.frozen))
    chosen = {}
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(bool(trains.search(name)) and not frozen.search(name))
        if parameter.requires_grad:
            chosen[name] = parameter
    return chosen
