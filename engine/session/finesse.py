"""Matte finesse, as keyers have it: specks and holes by area, shrink or grow, blur, gamma, in that order."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy

from engine.contract.finesse import Finesse
from engine.session.results import Layer


def finessed(alpha_11hw: Tensor, finesse: Finesse) -> Tensor:
    """Give alpha (1, 1, H, W) of 0..1 refined, on its device; the very same where finesse rests."""
    if finesse.rests:
        return alpha_11hw
    alpha = np.ascontiguousarray(alpha_11hw[0, 0].float().cpu().numpy())
    if finesse.remove_specks:
        alpha = without_specks(alpha, finesse.remove_specks)
    if finesse.fill_holes:
        alpha = without_holes(alpha, finesse.fill_holes)
    alpha = softened(grown(alpha, finesse.grow), finesse.soften)
    if finesse.gamma != 1:
        alpha = np.power(alpha, np.float32(1 / finesse.gamma), dtype=np.float32)
    return from_numpy(alpha)[None, None].to(alpha_11hw.device)


def grown(alpha_hw: Layer, pixels: float) -> Layer:
    """Spread alpha over a square of so many pixels around each (dilation), or shrink it where they are negative.

    Between two whole numbers of pixels lies a mixture of both.
    """
    inner = math.floor(abs(pixels))
    share, least = np.float32(abs(pixels) - inner), _extreme(alpha_hw, inner, shrink=pixels < 0)
    if not share:
        return least
    mixed: Layer = least + share * (_extreme(alpha_hw, inner + 1, shrink=pixels < 0) - least)
    return mixed


def softened(alpha_hw: Layer, pixels: float) -> Layer:
    """Blur alpha by a Gaussian whose standard deviation is a third of so many pixels; beyond the frame it goes on."""
    if not pixels:
        return alpha_hw
    blurred = cv2.GaussianBlur(alpha_hw, (0, 0), pixels / 3, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(blurred, 0, 1), np.float32)


def without_specks(alpha_hw: Layer, area: int) -> Layer:
    """Remove the pieces of a matte that are smaller than an area in pixels; all else stays as it is."""
    labels, small = _small_pieces(alpha_hw > 0, area)
    cleaned: Layer = np.where(small[labels], np.float32(0), alpha_hw)
    return cleaned


def without_holes(alpha_hw: Layer, area: int) -> Layer:
    """Fill what a matte encloses and is smaller than an area in pixels; what touches the frame's border stays."""
    labels, small = _small_pieces(alpha_hw < 1, area)
    small[np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))] = False
    filled: Layer = np.where(small[labels], np.float32(1), alpha_hw)
    return filled


def _extreme(alpha_hw: Layer, radius: int, *, shrink: bool) -> Layer:
    if not radius:
        return alpha_hw
    # Along rows, then along columns: a square of 1,000 by 1,000 would take as long as it is large.
    change, side = cv2.erode if shrink else cv2.dilate, 2 * radius + 1
    rows = change(alpha_hw, np.ones((1, side), np.uint8))
    return np.asarray(change(rows, np.ones((side, 1), np.uint8)), np.float32)


def _small_pieces(inside_hw: NDArray[np.bool_], area: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Give the piece that every pixel belongs to, 0 for none, and of each piece whether it is smaller than an area."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(inside_hw.astype(np.uint8), connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] < area
    small[0] = False
    return labels, small
