"""How many numbers a model learns, part by part, and how that compares with the paper.

The paper trains 44.7 M parameters in all and does not itemise them. Its configuration as it is built here: SAM 2.1-l,
adapters of rank 16 on `qkv` and `proj` of every encoder block, MEMatte-S.
"""

import re
from dataclasses import dataclass

from engine.model.config import MAM2Config
from engine.weights.keys import NEW_IN_MAM2
from engine.weights.structure import empty_model

PAPER_TRAINABLE = 44_700_000
PAPER_MODEL = "mam2-l"

_TRUNK, _PYRAMID = "image encoder, trunk (Hiera)", "image encoder, feature pyramid"
_PARTS = {
    _TRUNK: r"tracker\.image_encoder\.trunk\.(?!.*\.lora_)",
    "image encoder, adapters (LoRA)": r"tracker\.image_encoder\.trunk\..*\.lora_",
    _PYRAMID: r"tracker\.image_encoder\.neck\.",
    "memory attention": r"tracker\.memory_attention\.",
    "memory encoder": r"tracker\.memory_encoder\.",
    "memory tokens, object pointers": r"tracker\.(obj_ptr_|mask_downsample|maskmem_tpos_enc|no_mem_|no_obj_)",
    "prompt encoder": r"tracker\.(sam_prompt_encoder|likeness)\.",
    "decoder, mask": r"tracker\.sam_mask_decoder\.(?!trimap_|mask_augment)",
    "decoder, trimap branch": r"tracker\.sam_mask_decoder\.trimap_",
    "decoder, mask augment features": r"tracker\.sam_mask_decoder\.mask_augment",
    "trimap from the picture": r"trimap\.",
    "matter, backbone": r"matter\.backbone\.(?!routers|.*\.efficient_block)",
    "matter, routers and token refinement": r"matter\.backbone\.(routers|.*\.efficient_block)",
    "matter, detail decoder": r"matter\.decoder\.",
}
_FROZEN = (_TRUNK, _PYRAMID)  # the published encoder stays as it is; only its adapters learn


@dataclass(frozen=True)
class PartParameters:
    """One part's parameters: all, and those that learn in stage 1 (trimaps) and stage 2 (matter)."""

    part: str
    total: int
    stage_1: int
    stage_2: int


@dataclass(frozen=True)
class ParameterTable:
    """A model's parameters, part by part.

    Attributes:
        model: the config's name.
        rows: parts with at least one parameter, in the order of the way of one frame.
    """

    model: str
    rows: tuple[PartParameters, ...]

    @property
    def total(self) -> int:
        """All parameters."""
        return sum(row.total for row in self.rows)

    @property
    def stage_1(self) -> int:
        """Those that learn in stage 1."""
        return sum(row.stage_1 for row in self.rows)

    @property
    def stage_2(self) -> int:
        """Those that learn in stage 2."""
        return sum(row.stage_2 for row in self.rows)

    @property
    def trainable(self) -> int:
        """Those that learn in either stage; no parameter learns in both."""
        return self.stage_1 + self.stage_2

    @property
    def paper_difference(self) -> float | None:
        """How far `trainable` is from the paper's, as a fraction of it; None for a model that is not the paper's."""
        return self.trainable / PAPER_TRAINABLE - 1 if self.model == PAPER_MODEL else None

    def explanation(self) -> str:
        """Compare with the paper in a sentence or two; empty for a model that is not the paper's."""
        difference = self.paper_difference
        if difference is None:
            return ""
        text = f"Trainable: {_millions(self.trainable)}; the paper says 44.7 M: {difference:+.2%}."
        if abs(difference) <= 0.01:
            return text
        wider = self.trainable + sum(row.total for row in self.rows if row.part == _PYRAMID)
        return (
            f"{text} The paper does not itemise its figure. The encoder's feature pyramid stays frozen here with its "
            f"trunk; if it learned too, {_millions(wider)} would ({wider / PAPER_TRAINABLE - 1:+.2%})."
        )


def parameter_table(config: MAM2Config) -> ParameterTable:
    """Count a config's parameters.

    A config that does not decode its trimaps runs published weights: it trains nothing, and a trimap branch is no part
    of it. The network of trimaps from pictures, where it has one, is this project's and learns by itself.
    """
    totals = dict.fromkeys(_PARTS, 0)
    trained = config.trimap_from == "decoder"
    for name, parameter in empty_model(config).named_parameters():
        if trained or not NEW_IN_MAM2.match(name.removeprefix("tracker.")):
            totals[part_of(name)] += parameter.numel()
    rows = []
    for part, total in totals.items():
        matter = part.startswith("matter")
        stage_1 = total if trained and not matter and part not in _FROZEN else 0
        rows.append(PartParameters(part, total, stage_1, total if trained and matter else 0))
    return ParameterTable(config.name, tuple(row for row in rows if row.total))


def part_of(name: str) -> str:
    """Give the part that a parameter of `MAM2` belongs to.

    Raises:
        ValueError: no part claims it.
    """
    for part, pattern in _PARTS.items():
        if re.match(pattern, name):
            return part
    raise ValueError(f"{name} belongs to no part")


def _millions(count: int) -> str:
    return f"{count / 1e6:.3f} M"
