"""The recipe as data: what each stage trains, on what, with which losses.

The paper's two stages, for a model that begins from SAM 2.1 and MEMatte, are `stage-1`, LoRA on the frozen encoder and
L_main = 1[VOS] L_mask + (1[VM] + 1[IM]) L_trimap, and `stage-2`, L_matter = 1[IM] L_alpha. The paper does not print
its rates, lengths and batches: these are MattePro's and MEMatte's where they are known.

The others are the starter's. `pictures*` learn from photographs, beginning with a trunk that has seen a million: masks
and trimaps on single pictures, then on short clips, then stage 1 on long ones; `matter-pictures` is stage 2.
`masks-*` stand in for SAM 2's pre-training on drawn clips; `trimaps*` and `matter*` are the two stages on them, in
steps of growing length. `whole` is stage 1 with nothing frozen: an encoder that has seen little is worth no protection.

`trimap-picture` trains the network that makes a trimap of a picture and any mask, for SAM 2.1 as published and for
masks of any origin. It learns from exact alpha alone, with losses of stage 1, and needs no other stage before it.
"""

import re
from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        name: what `--stage` takes.
        kind: `masks`, `trimaps`, `matter` or `picture`: which losses apply.
        trains: regular expressions; a parameter trains when one is found in its name and none of `frozen` is.
        frozen: see above.
        size: side of the training clips in pixels; 0 for the model's own.
        frames: frames a clip.
        batch: clips a step.
        rate: peak learning rate of AdamW.
        first_seed: where the stage's own clips begin.
        objects: most objects asked for in a clip; what they share, the encoder, is most of a tracker's step.
        gentle: regular expressions of what learns at a fifth of the rate: it knows something already.
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
    gentle: tuple[str, ...] = ()


_LOSSES = {
    "masks": "L_mask",
    "trimaps": "L_main = 1[VOS] L_mask + (1[VM] + 1[IM]) L_trimap",
    "matter": "L_matter = 1[IM] L_alpha",
    "picture": "L_picture = 1[IM] L_trimap",
}
_TRIMAP = r"trimap_|mask_augment"
_ENCODER = r"image_encoder\.(?!.*lora_)"
_TRUNK = r"image_encoder\.trunk\."
_UNTAUGHT = ("lora_", r"trunk\.(conv_stem|blocks\.[01]\.)")
# Adapters that begin later, and what sees edges and corners, the same in all photographs.

STAGES = {
    stage.name: stage
    for stage in (
        Stage("stage-1", "trimaps", (r"^tracker\.",), (_ENCODER,), 0, 8, 8, 5e-5, 90_000_000),
        Stage("stage-2", "matter", (r"^matter\.",), (), 0, 1, 16, 5e-4, 95_000_000, 1),
        Stage("images-128", "masks", (r"^tracker\.",), (_TRIMAP, "lora_"), 128, 1, 16, 1e-3, 0),
        Stage("images-256", "masks", (r"^tracker\.",), (_TRIMAP, "lora_"), 256, 1, 8, 8e-4, 6_000_000),
        Stage("masks-128", "masks", (r"^tracker\.",), (_TRIMAP, "lora_"), 128, 3, 8, 1e-3, 0),
        Stage("masks-256", "masks", (r"^tracker\.",), (_TRIMAP, "lora_"), 256, 3, 4, 6e-4, 11_000_000),
        Stage("masks-long", "masks", (r"^tracker\.",), (_TRIMAP, "lora_"), 256, 5, 3, 5e-4, 20_000_000),
        Stage("trimaps-images", "trimaps", (r"^tracker\.",), (_ENCODER,), 256, 1, 8, 8e-4, 61_000_000),
        Stage("trimaps", "trimaps", (r"^tracker\.",), (_ENCODER,), 256, 3, 4, 6e-4, 32_000_000),
        Stage("trimaps-long", "trimaps", (r"^tracker\.",), (_ENCODER,), 256, 8, 2, 5e-4, 70_000_000),
        Stage("whole", "trimaps", (r"^tracker\.",), (), 0, 3, 4, 4e-4, 110_000_000),
        Stage("pictures-256", "trimaps", (r"^tracker\.",), _UNTAUGHT, 256, 1, 8, 6e-4, 5 * 10**8, 2, (_TRUNK,)),
        Stage("pictures", "trimaps", (r"^tracker\.",), _UNTAUGHT, 0, 1, 6, 4e-4, 10**9, 2, (_TRUNK,)),
        Stage("pictures-clips", "trimaps", (r"^tracker\.",), _UNTAUGHT, 256, 3, 4, 4e-4, 25 * 10**8, 2, (_TRUNK,)),
        Stage("pictures-long", "trimaps", (r"^tracker\.",), (_ENCODER,), 0, 8, 2, 3e-4, 3 * 10**9, 2),
        Stage("matter-pictures", "matter", (r"^matter\.",), (), 352, 1, 8, 5e-4, 4 * 10**9, 1),
        Stage("matter", "matter", (r"^matter\.",), (), 256, 1, 8, 1e-3, 40_000_000, 1),
        Stage("matter-fine", "matter", (r"^matter\.",), (), 0, 3, 2, 5e-4, 51_000_000, 1),
        Stage("trimap-picture", "picture", (r"^trimap\.",), (), 512, 1, 8, 1e-3, 130_000_000, 1),
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


def describe(model: nn.Module, stage: Stage) -> list[str]:
    """Say a stage's loss, and for each part of the model how many of its numbers train, in a line each."""
    chosen, parts = choose_parameters(model, stage), dict[str, list[int]]()
    for name, parameter in model.named_parameters():
        counts = parts.setdefault(".".join(name.split(".")[:2]), [0, 0])
        counts[0] += parameter.numel() if name in chosen else 0
        counts[1] += parameter.numel()
    lines = [f"{stage.name}: {_LOSSES[stage.kind]}"]
    return lines + [
        f"  {name}: {'frozen' if not trained else f'{trained:,} of {whole:,} train'}"
        for name, (trained, whole) in parts.items()
    ]
