"""Swaps that make a loaded model quick on its device: the same function at less cost. Not for training or saving.

`SWAPS` is the whole list; `engine/model/ready/precision.py` says what is computed in what. In float32 stay, on every
device: matters without trained weights to compare, the tokens that a matter's blocks add to and what its routers make
of them, since their choices must not flip, and the last layers before any alpha, which eight bits would band.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Flag, auto
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from engine.model.config import STARTER_MATTER
from engine.model.mam2 import MAM2
from engine.model.ready import become
from engine.model.ready.around_unknown import AroundUnknown
from engine.model.ready.encoder import StripBlock, channels_last, fixed_positions, laid_channels_last, narrow_pyramid
from engine.model.ready.half import in_half, matter_block_in_half
from engine.model.ready.memory import keep_freed_memory
from engine.model.ready.precision import LARGE, half_of, stored, use_tf32
from engine.model.ready.recall import RecallAttention
from engine.model.ready.rooms import roomy
from engine.model.tensors import FramePrompt, Memory

_PROVEN_IN_HALF = (STARTER_MATTER,)
"""Matters whose trained weights are here, so that mattes could be compared: `benchmarks/fidelity.py`."""


class Case(Flag):
    """What decides which swaps are made."""

    PROCESSOR = auto()
    GPU = auto()
    METAL = auto()  # Apple's, where slices of what lies with channels last have been computed wrongly
    HIERA = auto()  # the encoder's trunk is SAM 2's
    LITE = auto()  # it is EfficientNet-Lite
    LARGE = auto()  # the tracker's square is larger than `LARGE`
    HALF_TRACKER = auto()  # large, and the processor multiplies bfloat16 natively
    HALF_MATTER = auto()  # proven, and the processor does
    BFLOAT16_TRACKER = auto()  # large, and the GPU multiplies bfloat16 natively
    FLOAT16_TRACKER = auto()  # large, and the GPU multiplies float16 natively, but not bfloat16

    @classmethod
    def of(cls, model: nn.Module, device: torch.device) -> "Case":
        """Give the case of a model, or of some of its parts, on its device."""
        children: dict[str, Any] = dict(model.named_children())
        processor, tracker, matter = device.type == "cpu", children.get("tracker"), children.get("matter")
        half = half_of(device)
        hiera = tracker is not None and tracker.config.hiera is not None
        large = tracker is not None and tracker.config.image_size > LARGE
        facts = {
            cls.PROCESSOR: processor,
            cls.GPU: not processor,
            cls.METAL: device.type == "mps",
            cls.HIERA: hiera,
            cls.LITE: tracker is not None and not hiera,
            cls.LARGE: large,
            cls.HALF_TRACKER: processor and half is not None and hiera and large,
            cls.HALF_MATTER: processor and half is not None and getattr(matter, "config", None) in _PROVEN_IN_HALF,
            cls.BFLOAT16_TRACKER: not processor and half == torch.bfloat16 and hiera and large,
            cls.FLOAT16_TRACKER: not processor and half == torch.float16 and hiera and large,
        }
        return cls(sum(fact.value for fact, holds in facts.items() if holds))


NEVER = ALWAYS = Case(0)


@dataclass(frozen=True)
class Swap:
    """One exchange of modules.

    Attributes:
        path: of the modules in `MAM2`; `*` stands for any name.
        when: what must all hold.
        instead: takes a module and gives what stands in its place; that may be the same one, changed.
        error: the greatest difference that it makes to what the module gives, as a part of the largest value there.
        unless: what must not hold.
    """

    path: str
    when: Case
    instead: Callable[[Any], nn.Module]
    error: float
    unless: Case = NEVER

    def is_made(self, case: Case) -> bool:
        """Tell whether it is made in a case."""
        return self.when in case and not self.unless & case


_CPU, _GPU, _METAL, _HIERA, _HALF = Case.PROCESSOR, Case.GPU, Case.METAL, Case.HIERA, Case.HALF_TRACKER
_TRUNK, _RECALL = "tracker.image_encoder.trunk", "tracker.memory_attention.layers.*.cross_attn_image"

SWAPS = (
    Swap("tracker", ALWAYS, narrow_pyramid, 1e-5),
    Swap("tracker.image_encoder", _HALF, in_half, 0.03),
    Swap("tracker.memory_attention", _HALF, in_half, 0.03),
    Swap("tracker", _HIERA, fixed_positions, 0.0),
    Swap(_TRUNK, Case.LITE, laid_channels_last, 1e-5),
    Swap(f"{_TRUNK}.patch_embed", _HIERA, laid_channels_last, 1e-5, unless=_METAL),
    Swap(f"{_TRUNK}.blocks.*", _CPU | _HIERA | Case.LARGE, partial(become, kind=StripBlock), 1e-5, unless=_HALF),
    Swap(_RECALL, _CPU, partial(become, kind=RecallAttention), 1e-5),
    Swap("tracker.sam_mask_decoder", ALWAYS, channels_last, 1e-5, unless=_METAL),
    Swap("tracker.memory_encoder", ALWAYS, channels_last, 1e-5, unless=_METAL),
    Swap("tracker", Case.BFLOAT16_TRACKER, partial(stored, precision=torch.bfloat16), 0.03),
    Swap("tracker", Case.FLOAT16_TRACKER, partial(stored, precision=torch.float16), 0.03),
    Swap("trimap", ALWAYS, laid_channels_last, 1e-5, unless=_METAL),
    Swap("matter.decoder", _CPU, AroundUnknown, 1e-5, unless=Case.HALF_MATTER),
    Swap("matter.decoder", Case.HALF_MATTER, AroundUnknown.in_half, 0.03),
    Swap("matter.backbone.blocks.*", Case.HALF_MATTER, matter_block_in_half, 0.03),
    Swap("matter", _GPU, roomy, 1e-5),
)
"""In the order in which they are made."""


def make_ready(model: nn.Module, device: torch.device) -> None:
    """Make a model, on its device and in evaluation mode, ready to matte, in place.

    Args:
        model: `MAM2`, or what has some of its parts by their names.
        device: where it is.
    """
    case = Case.of(model, device)
    if Case.FLOAT16_TRACKER in case and overflows(cast("MAM2", model), torch.float16):
        case &= ~Case.FLOAT16_TRACKER
    for swap in SWAPS:
        if swap.is_made(case):
            put(model, swap)
    if Case.PROCESSOR in case:
        keep_freed_memory()
    else:
        use_tf32()


def is_ready(model: nn.Module) -> bool:
    """Tell whether a model was made ready."""
    return any(isinstance(module, AroundUnknown) for module in model.modules())


def put(model: nn.Module, swap: Swap) -> None:
    """Make one swap, wherever its path leads in a model."""
    for path in list(places(model, swap.path)):
        parent, _, name = path.rpartition(".")
        setattr(model.get_submodule(parent), name, swap.instead(model.get_submodule(path)))


def places(model: nn.Module, path: str) -> Iterator[str]:
    """Give the paths of a model's modules that a swap's path names."""
    wanted = path.split(".")
    for found, _ in model.named_modules():
        names = found.split(".")
        if len(names) == len(wanted) and all(map(fnmatchcase, names, wanted)):
            yield found


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
