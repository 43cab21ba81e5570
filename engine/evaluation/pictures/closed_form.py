"""Closed-form matting (Levin et al. 2007) with an exact trimap, by the package pymatting."""

import io
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib.util import find_spec

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.clips.truth import TrueClip
from engine.contract.errors import EngineError
from engine.evaluation.metrics import Codes, to_codes
from engine.evaluation.pictures.methods import Spent, Watch

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
