"""Who is measured: the models by name, and the baselines that stand beside them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

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
        seconds: by method, what it has taken; filled while measuring.
    """

    models: Mapping[str, MAM2]
    mode: str
    baselines: bool = False
    saliency: Saliency | None = None
    strips: bool = False


@dataclass
class Clock:
    """How long each method takes in all."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def running(self, method: str) -> Iterator[None]:
        """Count what happens within to a method."""
        start = perf_counter()
        try:
            yield
        finally:
            self.seconds[method] = self.seconds.get(method, 0.0) + perf_counter() - start
