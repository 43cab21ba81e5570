"""Networks without values, to be filled from a file or only measured: how many numbers a model learns, part by part.

The paper trains 44.7 M parameters in all and does not itemise them. Its configuration as it is built here: SAM 2.1-l,
adapters of rank 16 on `qkv` and `proj` of every encoder block, MEMatte-S.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from engine.contract.errors import ModelError
from engine.model.config import MAM2Config
from engine.model.image_encoder import add_lora
from engine.model.mam2 import MAM2
from engine.model.matter import Matter
from engine.model.picture_trimap import PictureTrimap
from engine.model.tracker import Tracker
from engine.weights.header import Contents
from engine.weights.keys import NEW_IN_MAM2, absent_as_allowed


class _SkipInit(TorchFunctionMode):
    """Within this context `torch.nn.init` does nothing: parameters hold whatever memory held."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def empty_model(config: MAM2Config) -> MAM2:
    """Build a model with arbitrary values, ten times as fast as one with initial values.

    Only for a strict load that fills every tensor, or for its shapes. The random generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]), _SkipInit():
        return MAM2(config)


def empty_parts(contents: Contents) -> nn.ModuleDict:
    """Build the parts that a weights file holds, with arbitrary values; their tensors have the file's names."""
    parts = nn.ModuleDict()
    with torch.random.fork_rng(devices=[]), _SkipInit():
        if contents.tracker is not None:
            parts["tracker"] = Tracker(contents.tracker)
            if contents.lora is not None:
                add_lora(parts["tracker"].image_encoder, contents.lora)
        if contents.matter is not None:
            parts["matter"] = Matter(contents.matter)
        if contents.trimap is not None:
            parts["trimap"] = PictureTrimap(contents.trimap)
    return parts


def check_fit(contents: Contents, structure: nn.Module, given: Mapping[str, Tensor], file: str) -> set[str]:
    """Refuse tensors that do not fill a structure.

    Args:
        contents: what the file says that it holds.
        structure: has at least these parts, its tensors by the names of `MAM2`.
        given: the file's tensors.
        file: its name, for the error.

    Returns:
        Names of the tensors that are absent and may be: MAM2's additions to a published SAM 2.1.

    Raises:
        ModelError: `model.keys`; names tensors that are missing, misshapen or extra and counts the rest.
    """
    prefixes = tuple(f"{part}." for part in contents.parts)
    expected = {key: tensor for key, tensor in structure.state_dict().items() if key.startswith(prefixes)}
    absent = absent_as_allowed(expected, given, "tracker.") if contents.trimap_from != "decoder" else set()
    missing = [f"{key} is missing" for key in expected if key not in given and key not in absent]
    extra = [f"{key} does not belong" for key in given if key not in expected]
    shapes = {key: (_shape(tensor), _shape(given[key])) for key, tensor in expected.items() if key in given}
    wrong = [f"{key} is {there} instead of {here}" for key, (here, there) in shapes.items() if here != there]
    problems = [_first(found) for found in (missing, wrong, extra) if found]
    if problems:
        raise ModelError(
            "model.keys",
            f"{file} does not fit {contents.name}: {'; '.join(problems)}.",
            "It is another network's file, another version's, or incomplete: get the right one.",
        )
    return absent


def _shape(tensor: Tensor) -> str:
    # Half precision fills the same structure; whole numbers do not.
    return f"{tuple(tensor.shape)}" + ("" if tensor.is_floating_point() else f" of {tensor.dtype}")


def _first(problems: list[str]) -> str:
    return problems[0] + (f" (and {len(problems) - 1} more like it)" if len(problems) > 1 else "")


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
