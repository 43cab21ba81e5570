"""MESSDdt: does the error of a matte stay with the moving thing, or does it flicker?"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.evaluation.alpha import Alphas, Codes, Region, Scores, frame_pairs, to_array, to_codes
from engine.evaluation.metrics import area, total


def messddt(predicted_thw: Alphas, true_thw: Alphas, inside_thw: Region | None = None) -> Scores:
    """Give the mean change of squared error along the true alpha's motion; the first frame has none and gives 0.

    Each frame is compared with the one before: error_before(x) - error_now(x + flow(x)), where the flow is Farneback's
    on the true alpha, rounded to whole pixels. It runs on the CPU, whatever is given.
    """
    scores: list[float] = []
    before: tuple[Codes, Scores, NDArray[np.bool_]] | None = None
    for p, g, inside in frame_pairs(predicted_thw, true_thw, inside_thw):
        truth = to_array(g)
        counted = np.ones(truth.shape, bool) if inside is None else to_array(inside).astype(bool)
        now = to_codes(truth), np.square(to_array(p) - truth), counted
        scores.append(0.0 if before is None else _change(before, now))
        before = now
    return np.array(scores)


def _change(before: tuple[Codes, Scores, NDArray[np.bool_]], now: tuple[Codes, Scores, NDArray[np.bool_]]) -> float:
    flow = cv2.calcOpticalFlowFarneback(before[0], now[0], None, 0.5, 5, 10, 2, 7, 1.5, cv2.OPTFLOW_FARNEBACK_GAUSSIAN)
    moved = np.rint(flow).astype(np.int64)
    height, width = before[0].shape
    rows, columns = np.mgrid[:height, :width]
    there = np.clip(rows + moved[..., 1], 0, height - 1), np.clip(columns + moved[..., 0], 0, width - 1)
    carried = (now[1] * now[2])[there]
    return total(np.abs(before[1] * before[2] - carried), None) / area(before[1], before[2])
