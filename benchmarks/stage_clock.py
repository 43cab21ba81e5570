"""Where a session's time goes: processor seconds by stage, each counted once."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from engine.model.mam2 import MAM2

P = ParamSpec("P")
R = TypeVar("R")

STAGES = ("plate", "features", "encode", "recall", "mask", "trimap", "remember", "matte", "write", "rest")
"""In the order of a frame; `features` is their cache, `rest` fitting, the record and the plan."""


class StageClock:
    """Counts the processor time of what it wraps; what one stage calls of another counts for the other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._open = ["rest"]
        self._since = time.process_time()

    def restart(self) -> None:
        """Count from nothing, and from now."""
        self.seconds.clear()
        self._since = time.process_time()

    def stop(self) -> dict[str, float]:
        """Give the seconds by stage since the last restart."""
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
            setattr(owner, name, self.timed(stage, getattr(owner, name)))

    def _settle(self) -> None:
        now = time.process_time()
        self.seconds[self._open[-1]] += now - self._since
        self._since = now
