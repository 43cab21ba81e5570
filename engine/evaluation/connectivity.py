"""CONN: do a matte's pieces hang together as the true alpha's do?"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.evaluation.alpha import Alphas, Region, Scores, frame_pairs, to_array
from engine.evaluation.metrics import total

STEP = 0.1
TOLERANCE = 0.15  # a pixel this close to its piece's level counts as fully connected


def conn(predicted_thw: Alphas, true_thw: Alphas, inside_thw: Region | None = None) -> Scores:
    """Give the summed difference of connectedness to the largest common piece: grows with the image's size.

    Labelling pieces runs on the CPU, whatever is given.
    """
    scores = []
    for p, g, inside in frame_pairs(predicted_thw, true_thw, inside_thw):
        counted = None if inside is None else to_array(inside).astype(bool)
        scores.append(total(_difference(to_array(p), to_array(g)), counted))
    return np.array(scores)


def largest_piece(inside_hw: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give the largest 4-connected piece; between equals the one that a scan by rows meets first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside_hw.astype(np.uint8), connectivity=4)
    if count == 1:
        return np.zeros_like(inside_hw)
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = 1 + np.flatnonzero(areas == areas.max())
    if len(largest) == 1:
        return np.asarray(labels == largest[0])
    first = int(np.isin(labels, largest).argmax())
    return np.asarray(labels == labels.flat[first])


def _difference(p_hw: Scores, g_hw: Scores) -> Scores:
    level = np.full(p_hw.shape, -1.0)
    for before, threshold in pairwise(STEP * np.arange(11)):
        piece = largest_piece((p_hw >= threshold) & (g_hw >= threshold))
        level[(level == -1) & ~piece] = before
    level[level == -1] = 1.0
    return np.abs(_connectedness(p_hw, level) - _connectedness(g_hw, level))


def _connectedness(alpha_hw: Scores, level_hw: Scores) -> Scores:
    above = alpha_hw - level_hw
    return np.where(above >= TOLERANCE, 1 - above, 1.0)
