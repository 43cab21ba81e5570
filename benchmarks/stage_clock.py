"""What each stage of a frame takes and does: seconds by the clock and of processors, bytes moved, operations."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch
from ceilings import synchronise
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from engine.model.mam2 import MAM2

P = ParamSpec("P")
R = TypeVar("R")

COUNTED = ("encode", "recall", "mask", "trimap", "remember", "matte")
STAGES = ("plate", "features", *COUNTED, "write", "rest")
"""In the order of a frame; `features` is their cache, `rest` fitting, the record and the plan."""


class StageClock:
    """Counts what the stages of a frame take; what one stage calls of another counts for the other.

    Args:
        device: waited for at the border of two stages, so that its work counts where it was asked for.

    Attributes:
        seconds: of processors, by stage.
        wall: seconds by the clock, by stage.
        moved: bytes, by stage that was wrapped with `moving`.
        flops: operations, by stage and precision, of what ran under `counting`.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._device = device
        self.seconds: dict[str, float] = defaultdict(float)
        self.wall: dict[str, float] = defaultdict(float)
        self.moved: dict[str, int] = defaultdict(int)
        self.flops: dict[str, dict[torch.dtype, int]] = defaultdict(lambda: defaultdict(int))
        self._open = ["rest"]
        self._since, self._clock = time.process_time(), time.perf_counter()

    def restart(self) -> None:
        """Count from nothing, and from now."""
        for counted in (self.seconds, self.wall, self.moved, self.flops):
            counted.clear()
        self._since, self._clock = time.process_time(), time.perf_counter()

    def stop(self) -> dict[str, float]:
        """Give the seconds of processors by stage since the last restart."""
        self._settle()
        return dict(self.seconds)

    def timed(self, stage: str, function: Callable[P, R]) -> Callable[P, R]:
        """Wrap a function so that its time counts for a stage."""

        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            self._settle()
            self._open.append(stage)
            try:
                return function(*args, **kwargs)
            finally:
                self._settle()
                self._open.pop()

        return wrapped

    def wrap(self, stage: str, owner: object, name: str) -> None:
        """Have what a function takes count for a stage, for good; AttributeError when there is none."""
        setattr(owner, name, self.timed(stage, getattr(owner, name)))

    def moving(self, stage: str, owner: object, name: str, weigh: Callable[..., int]) -> None:
        """Wrap a function, and count the bytes that `weigh` tells of its result and its arguments."""
        timed = self.timed(stage, getattr(owner, name))

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = timed(*args, **kwargs)
            self.moved[stage] += weigh(result, *args)
            return result

        setattr(owner, name, wrapped)

    def counting(self) -> FlopCounterMode:
        """Give a context in which operations count for the stage that is open; it slows what runs in it."""
        known = {**flop_registry, torch.ops.mkldnn._linear_pointwise: _fused_product}  # noqa: SLF001 - see engine/model/ready/half.py
        return FlopCounterMode(
            display=False, custom_mapping={kind: self._noting(formula) for kind, formula in known.items()}
        )

    def _noting(self, formula: Callable[..., int]) -> Callable[..., int]:
        def count(*args: Any, **kwargs: Any) -> int:
            flops = formula(*args, **kwargs)
            precision = next(value.dtype for value in args if isinstance(value, Tensor))
            self.flops[self._open[-1]][precision] += flops
            return flops

        count._get_raw = True  # type: ignore[attr-defined]  # noqa: SLF001 - the counter's way to be given tensors
        return count

    def watch(self, model: MAM2) -> None:
        """Wrap the parts of a model, for good."""
        parts: dict[str, tuple[Any, str]] = {
            "encode": (model, "encode"),
            "recall": (model, "recall"),
            "mask": (model, "decode_mask"),
            "trimap": (model, "decode_trimap"),
            "remember": (model, "remember"),
            "matte": (model.matter, "forward"),
        }
        for stage, (owner, name) in parts.items():
            self.wrap(stage, owner, name)

    def _settle(self) -> None:
        synchronise(self._device)
        busy, now = time.process_time(), time.perf_counter()
        self.seconds[self._open[-1]] += busy - self._since
        self.wall[self._open[-1]] += now - self._clock
        self._since, self._clock = busy, now


def weight(*values: object) -> int:
    """Give the bytes of arrays and tensors, and of what files hold; other values have none.

    Of mattes by object, the alphas count: they are what is written.
    """
    return sum(_weight(value) for value in values)


def _weight(value: object) -> int:
    if isinstance(value, np.ndarray | Tensor):
        return int(value.nbytes)
    if isinstance(value, Path):
        return value.stat().st_size
    if isinstance(value, Mapping):
        return sum(matte.alpha_hw.nbytes for matte in value.values())
    return 0


def _fused_product(tokens: Tensor, weight: Tensor, *_: object, **__: object) -> int:
    return 2 * tokens.numel() * len(weight)
