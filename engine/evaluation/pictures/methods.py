"""Methods that a benchmark of photographs compares: models, and closed-form matting with the exact trimap."""

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib.util import find_spec
from time import perf_counter, process_time
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.clips.truth import TrueClip
from engine.contract.errors import EngineError
from engine.evaluation.metrics import Codes, to_codes
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


CLOSED_FORM = "closed form"
_REACH = 0.01  # of the plate's shorter side, to either side of what is truly fractional

Layer = NDArray[np.float32]


def exact_trimap(alpha_hw: NDArray[np.uint8]) -> Layer:
    """Give the trimap that the true alpha implies: unknown is what is fractional, and a little around it.

    Args:
        alpha_hw: (H, W) uint8; one code beside 0 and 255 counts as these.

    Returns:
        (H, W) float32: 0 background, 0.5 unknown, 1 foreground.
    """
    reach = max(1, round(_REACH * min(alpha_hw.shape)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    fractional = ((alpha_hw > 1) & (alpha_hw < 254)).astype(np.uint8)
    # An edge that jumps from 0 to 255 has nothing fractional on it, and is unknown all the same.
    edge = cv2.morphologyEx((alpha_hw > 127).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    unknown = cv2.dilate(fractional | edge, kernel).astype(bool)
    return np.where(unknown, 0.5, alpha_hw >= 254).astype(np.float32)


def have_closed_form() -> bool:
    """Tell whether pymatting is installed."""
    return find_spec("pymatting") is not None


def closed_form(plate_hwc: NDArray[np.uint8], alpha_hw: NDArray[np.uint8]) -> Layer:
    """Matte a plate by its exact trimap.

    Where the truth has no foreground at all, as in thin smoke, its strongest pixel is given as foreground: the method
    cannot begin without one.

    Args:
        plate_hwc: (H, W, 3) uint8 sRGB.
        alpha_hw: (H, W) uint8, the truth; only its trimap is used.

    Raises:
        EngineError: `evaluate.closed_form`: pymatting is not installed.
    """
    if not have_closed_form():
        raise EngineError(
            "evaluate.closed_form", "The package pymatting is missing.", "Install mam2 with its extra 'evaluation'."
        )
    import pymatting  # noqa: PLC0415 - it compiles as it is imported, and few need it

    trimap = exact_trimap(alpha_hw).astype(np.float64)
    if not (trimap == 0.5).any() or not (trimap == 0).any():
        return trimap.astype(np.float32)
    if not (trimap == 1).any():
        trimap.flat[int(alpha_hw.argmax())] = 1
    with redirect_stdout(io.StringIO()):  # it prints how its preconditioner came about
        return np.asarray(pymatting.estimate_alpha_cf(plate_hwc / 255.0, trimap), np.float32)


@dataclass
class Solver:
    """Closed-form matting that does nothing twice: it takes seconds a plate, and two sections ask for the same."""

    solved: dict[tuple[str, tuple[int, ...]], tuple[Codes, Spent]] = field(default_factory=dict)

    def solve(self, clip: TrueClip) -> tuple[Codes, Spent]:
        """Matte the first frame of a clip, (H, W) uint8, and tell what that took."""
        key = clip.name, clip.alpha_thw.shape
        if key not in self.solved:
            watch = Watch()
            alpha = closed_form(clip.plates_thwc[0], clip.alpha_thw[0])
            self.solved[key] = to_codes(alpha), watch.spent()
        return self.solved[key]
