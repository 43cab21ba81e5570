"""Named profiles: which metrics, how scaled, over which pixels. Figures compare within one profile only.

Sources of the definitions: `rvm-lr` and `rvm-hr` are the low- and high-resolution scripts of RobustVideoMatting
(github.com/PeterL1n/RobustVideoMatting, `evaluation/`), `maggie` the metrics of MaGGIe (github.com/hmchuong/MaGGIe,
`maggie/utils/metric.py`) for one instance and the whole image, `dim` the convention of Deep Image Matting's test set.
All of them read 8-bit mattes. SAD in `rvm-lr` and MAD in `dim` are not in the originals.

Where `maggie` departs: that script's MESSDdt follows the flow with its axes exchanged, and always into the clip's
second frame. Ours follows the flow, so the two figures do not compare.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from types import MappingProxyType

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from engine.contract.errors import EngineError
from engine.evaluation.metrics import Alphas, Codes, Region, Scores, conn, dtssd, grad, mad, messddt, mse, sad

Metric = Callable[[Alphas, Alphas, Region | None], Scores]
ByFrame = Mapping[str, tuple[float, ...]]
"""Metric name -> one number a frame, scaled as its profile says."""

UNKNOWN_GROWN = 10  # pixels that the true fractional region is grown by where a set has no trimaps of its own


class Over(Enum):
    """How the numbers of a clip's frames become the clip's number."""

    FRAMES = "the mean over all frames"
    CHANGES = "the mean over all frames but the first, which has nothing before it"
    TOTAL = "the root of the sum of squares"


class Average(Enum):
    """How clips become one number; the two differ where clips differ in length."""

    CLIP = "clip"
    """Every clip counts the same."""
    FRAME = "frame"
    """At every frame position the mean over the clips that reach it, then over positions, as published sheets do."""


@dataclass(frozen=True)
class Measure:
    """One metric as a profile prints it.

    Attributes:
        metric: gives one unscaled number a frame.
        scale: what that is multiplied by.
        over: how frames become a clip.
    """

    metric: Metric
    scale: float
    over: Over = Over.FRAMES


@dataclass(frozen=True)
class Profile:
    """A way to measure.

    Attributes:
        name: as the command line calls it.
        measures: by lower-case metric name, in the order of tables.
        average: how clips are averaged; in `PROFILES` the original's way.
        unknown_only: whether only the trimap's unknown region counts.
    """

    name: str
    measures: Mapping[str, Measure]
    average: Average
    unknown_only: bool = False

    def score(
        self,
        predicted_thw: Codes,
        true_thw: Codes,
        *,
        trimap_thw: Codes | None = None,
        device: torch.device | None = None,
    ) -> ByFrame:
        """Measure one clip.

        Args:
            predicted_thw: (T, H, W) uint8.
            true_thw: (T, H, W) uint8.
            trimap_thw: (T, H, W) uint8, 0 background and 255 foreground; None: made from the truth where it is needed.
            device: where the metrics run that can; None: the CPU, with numpy.

        Raises:
            ValueError: the shapes differ.
        """
        inside = None
        if self.unknown_only:
            inside = _unknown(true_thw) if trimap_thw is None else (trimap_thw > 0) & (trimap_thw < 255)
        given: tuple[Alphas, Alphas, Region | None] = predicted_thw, true_thw, inside
        if device is not None:
            given = (
                _moved(predicted_thw, device),
                _moved(true_thw, device),
                None if inside is None else _moved(inside, device),
            )
        return MappingProxyType(
            {name: tuple(map(float, one.scale * one.metric(*given))) for name, one in self.measures.items()}
        )


def find_profile(name: str, average: str | None = None) -> Profile:
    """Give a profile by name.

    Args:
        name: one of `PROFILES`.
        average: how clips are averaged, `clip` or `frame`; None: the profile's own way.

    Raises:
        EngineError: `evaluate.profile` or `evaluate.average`: there is no such thing.
    """
    ways = [way.value for way in Average]
    if name not in PROFILES:
        raise EngineError("evaluate.profile", f"'{name}' is no profile.", f"Choose one of: {', '.join(PROFILES)}.")
    if average is None:
        return PROFILES[name]
    if average not in ways:
        raise EngineError("evaluate.average", f"'{average}' is no average.", f"Choose one of: {', '.join(ways)}.")
    return replace(PROFILES[name], average=Average(average))


def _per_pixel(metric: Metric, predicted_thw: Alphas, true_thw: Alphas, inside_thw: Region | None) -> Scores:
    """Divide a mean by the number of pixels once more, as `maggie` does."""
    return metric(predicted_thw, true_thw, inside_thw) / (true_thw.shape[1] * true_thw.shape[2])


def _unknown(true_thw: Codes) -> NDArray[np.bool_]:
    side = 2 * UNKNOWN_GROWN + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    fractional = ((true_thw > 0) & (true_thw < 255)).astype(np.uint8)
    return np.stack([cv2.dilate(frame, kernel) for frame in fractional]).astype(bool)


def _moved(array: NDArray[np.uint8] | NDArray[np.bool_], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device)


def _measures(**measures: Measure) -> Mapping[str, Measure]:
    return MappingProxyType(measures)


_RVM_LR = Profile(
    "rvm-lr",
    _measures(
        mad=Measure(mad, 1e3),
        mse=Measure(mse, 1e3),
        sad=Measure(sad, 1e-3),
        grad=Measure(partial(grad, stretch="frame"), 1e-3),
        conn=Measure(conn, 1e-3),
        dtssd=Measure(dtssd, 1e2),
    ),
    Average.FRAME,
)
_RVM_HR = Profile(
    "rvm-hr",
    _measures(
        mad=Measure(mad, 1e3),
        mse=Measure(mse, 1e3),
        grad=Measure(partial(grad, stretch="none"), 1e-3),
        dtssd=Measure(dtssd, 1e2),
    ),
    Average.FRAME,
)
_MAGGIE = Profile(
    "maggie",
    _measures(
        mad=Measure(partial(_per_pixel, mad), 1e10),
        mse=Measure(partial(_per_pixel, mse), 1e10),
        sad=Measure(sad, 1e-3),
        grad=Measure(partial(grad, stretch="clip", border="zero"), 1e-3),
        conn=Measure(conn, 1e-3),
        dtssd=Measure(partial(dtssd, by_area=False), 1e-1, Over.TOTAL),
        messddt=Measure(messddt, 1e4, Over.CHANGES),
    ),
    Average.CLIP,
)
_DIM = Profile(
    "dim",
    _measures(
        mad=Measure(mad, 1e3),
        mse=Measure(mse, 1e3),
        sad=Measure(sad, 1e-3),
        grad=Measure(partial(grad, stretch="frame"), 1e-3),
        conn=Measure(conn, 1e-3),
    ),
    Average.CLIP,
    unknown_only=True,
)
PROFILES: Mapping[str, Profile] = MappingProxyType({one.name: one for one in (_RVM_LR, _RVM_HR, _MAGGIE, _DIM)})
