"""Who is measured, the models by name and the baselines beside them, and what each takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.model.mam2 import MAM2

Saliency = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From a picture (H, W, 3) uint8 sRGB to how much each pixel catches the eye, (H, W) in 0..1."""

SALIENCY = "U2-Net-p"


@dataclass(frozen=True)
class Methods:
    """Who is measured, and how.

    Attributes:
        models: by name, each on its device.
        mode: row of the paper's ablation.
        baselines: whether simple methods are measured, too.
        saliency: what catches the eye, without a prompt; None: not measured.
        strips: whether pictures to look at are made.
    """

    models: Mapping[str, MAM2]
    mode: str
    baselines: bool = False
    saliency: Saliency | None = None
    strips: bool = False


class Spent(NamedTuple):
    """What something took: seconds that passed, and seconds of processors, which a busy machine changes less."""

    passed: float
    processor: float


class Watch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._passed, self._processor = perf_counter(), process_time()

    def spent(self) -> Spent:
        """Tell what was spent so far."""
        return Spent(perf_counter() - self._passed, process_time() - self._processor)


@dataclass
class Clock:
    """What each method has taken in all, by its name."""

    totals: dict[str, Spent] = field(default_factory=dict)

    def add(self, method: str, spent: Spent) -> None:
        """Count to a method."""
        before = self.totals.get(method, Spent(0.0, 0.0))
        self.totals[method] = Spent(before.passed + spent.passed, before.processor + spent.processor)
