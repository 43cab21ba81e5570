"""From what tracking found to mattes: in one go, or in two stages with trimaps between them, to the same bits.

The trimap stage needs the frames before; the alpha stage needs one frame's plate and trimap alone, so that frames can
be matted on any machine and in any order. The matter sees the crops that hold unknown pixels; what the trimap knows is
kept exactly.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from engine.contract.finesse import NO_FINESSE, Finesse
from engine.model.ready.around_unknown import cells_with, joined
from engine.model.tensors import Crop
from engine.session import fit
from engine.session.finesse import finessed
from engine.session.held import NOTHING_HELD, Held, share_around
from engine.session.out_of_memory import MATTER, at_stage
from engine.session.record import Found, KeptAlpha
from engine.session.results import FrameMattes, FrameTrimaps, Layer, ObjectMatte, ObjectTrimap
from engine.session.transfer import downloaded

Matter = Callable[[Tensor, Tensor], Tensor]
"""Plate (1, 3, h, w) and trimap (1, 1, h, w) in, alpha (1, 1, h, w) out."""

_CELL = 32  # crops start and end on this grid, the matter's own, so that a crop that grows does not shift its tokens
_SMALL = 8_000_000
"""Parameters of the largest matter that gains by frames side by side: the starter's has 2 million, MEMatte-S 29."""
_PIXELS = 2048**2
"""Of the largest plate: frames at once must not take the memory that large ones need."""


@dataclass(frozen=True)
class MatterLimits:
    """How much the matter sees at once, in pixels of a plate and in frames.

    Attributes:
        margin: known surroundings seen with every unknown pixel.
        tile: longest side of a piece; larger crops are matted in overlapping tiles.
        overlap: width over which neighbouring tiles blend.
        frames: most frames side by side, where that is faster: with more than three they wait for the tracker.
    """

    margin: int = 64
    tile: int = 2048
    overlap: int = 128
    frames: int = 3

    def __post_init__(self) -> None:
        """Refuse sizes that contradict each other.

        Raises:
            ValueError: tiles would not get ahead of their overlap.
        """
        if not (self.margin >= 0 and 0 <= 2 * self.overlap <= self.tile):
            raise ValueError(f"overlap {self.overlap} must be at most half of tile {self.tile}; margin at least 0")


def frames_at_once(matter: nn.Module, size_wh: tuple[int, int], most: int) -> int:
    """Give how many frames of this width and height to matte at once; 1: each on all threads, as on a GPU."""
    on_processor = all(parameter.device.type == "cpu" for parameter in matter.parameters())
    small = sum(parameter.numel() for parameter in matter.parameters()) < _SMALL
    if not (on_processor and small and size_wh[0] * size_wh[1] <= _PIXELS):
        return 1
    return min(torch.get_num_threads(), most)


@torch.inference_mode()
def trimaps_of(
    frame: int, found: Mapping[str, Found], size_wh: tuple[int, int], held: Mapping[str, Held] = NOTHING_HELD
) -> FrameTrimaps:
    """Give the trimaps that the matter starts from and the masks of what was found on a frame, at the plate's size."""
    return FrameTrimaps(
        frame,
        {
            name: ObjectTrimap(
                _pixels(held.get(name, Held()).asked(one.trimap(size_wh))),
                _mask(one, size_wh),
            )
            for name, one in found.items()
        },
    )


@torch.inference_mode()
def matte_trimaps(
    matter: Matter,
    display_hw3: npt.NDArray[np.float32],
    trimaps_hw: Mapping[str, npt.NDArray[np.float32]],
    device: torch.device,
    limits: MatterLimits = MatterLimits(),
    held: Mapping[str, Held] = NOTHING_HELD,
    finesse: Finesse | None = NO_FINESSE,
) -> dict[str, npt.NDArray[np.float32]]:
    """Give the alphas (H, W) 0..1 of one frame from its plate and its trimaps alone.

    Args:
        matter: the network, on its device.
        display_hw3: the plate (H, W, 3), display-referred sRGB in 0..1.
        trimaps_hw: by name, of every object that `ShotSession.track_trimaps` gave for the frame: (H, W) 0, 0.5 or 1.
        device: where the network is.
        limits: how much of the plate the network sees at once.
        held: by object, what its alpha is held to.
        finesse: what else is done to it; None: alphas stay as the network gives them, for `finished`.
    """
    plate = fit.to_tensor(display_hw3, device)
    trimaps = (torch.from_numpy(trimap)[None, None].to(device) for trimap in trimaps_hw.values())
    alphas = [matte(matter, plate, trimap, limits) for trimap in trimaps]
    if finesse is not None:
        alphas = _shared(trimaps_hw, alphas, held, finesse)
    return {name: _pixels(alpha) for name, alpha in zip(trimaps_hw, alphas, strict=True)}


@torch.inference_mode()
def mattes_of(
    matter: Matter,
    plate_13hw: Tensor,
    frame: int,
    found: Mapping[str, Found],
    limits: MatterLimits,
    kept: Mapping[str, KeptAlpha],
    held: Mapping[str, Held] = NOTHING_HELD,
    finesse: Finesse | None = NO_FINESSE,
) -> FrameMattes:
    """Matte what was found on a frame.

    Args:
        matter: the network.
        plate_13hw: (1, 3, H, W) display-referred sRGB in 0..1.
        frame: its number.
        found: what tracking found, by object.
        limits: how much the network sees at once.
        kept: by object, where its alpha may be found, or is to be kept.
        held: by object, what its trimap and alpha are held to.
        finesse: what else is done to alpha; None: it stays as the network gives it, for `finished`.
    """
    size = (plate_13hw.shape[-1], plate_13hw.shape[-2])
    alphas, codes = [], []
    for name, one in found.items():
        masks = held.get(name, Held())
        trimap = masks.asked(one.trimap(size))
        alphas.append(_matted_once(matter, plate_13hw, trimap, limits, kept.get(name)))
        codes.append((masks.shown(trimap) * 2).byte())
    if finesse is not None:
        alphas = _shared(found, alphas, held, finesse)
    # All at once, for a device is waited for once.
    layers = [layer[0, 0].numpy() for layer in downloaded([*alphas, *codes])]
    return FrameMattes(
        frame,
        {
            name: ObjectMatte(alpha, partial(_decoded, code), partial(_mask, one, size))
            for (name, one), alpha, code in zip(
                found.items(), layers[: len(alphas)], layers[len(alphas) :], strict=True
            )
        },
    )


@torch.inference_mode()
def finished(
    alphas_hw: Mapping[str, npt.NDArray[np.float32]], held: Mapping[str, Held], finesse: Finesse
) -> dict[str, npt.NDArray[np.float32]]:
    """Give finished alphas (H, W) by object, of those that the network gave and `temporal.smoothed` has steadied."""
    alphas = [torch.from_numpy(alpha)[None, None] for alpha in alphas_hw.values()]
    shared = _shared(alphas_hw, alphas, held, finesse)
    return {name: _pixels(alpha) for name, alpha in zip(alphas_hw, shared, strict=True)}


@at_stage(MATTER)
def matte(matter: Matter, plate_13hw: Tensor, trimap_11hw: Tensor, limits: MatterLimits) -> Tensor:
    """Turn a plate and its trimap into alpha.

    Args:
        matter: the network.
        plate_13hw: (1, 3, H, W) display-referred sRGB, 0..1.
        trimap_11hw: (1, 1, H, W) 0, 0.5 or 1.
        limits: how much the network sees at once.

    Returns:
        (1, 1, H, W) float32 alpha: exactly 0 and 1 where the trimap says so. Without an unknown pixel the network
        is not asked.
    """
    alpha = trimap_11hw.clone()
    unknown = trimap_11hw == 0.5
    for crop in crops_of(unknown[0, 0], limits.margin):
        guess = _matte_crop(matter, plate_13hw[crop.window], trimap_11hw[crop.window], limits)
        alpha[crop.window] = torch.where(unknown[crop.window], guess, alpha[crop.window])
    return alpha


def crops_of(unknown_hw: Tensor, margin: int) -> list[Crop]:
    """Give disjoint crops that hold every unknown pixel (H, W) bool and `margin` pixels around it, within the plate."""
    height, width = unknown_hw.shape
    cells = cells_with(unknown_hw, _CELL).numpy().astype(np.uint8)
    reach = math.ceil(margin / _CELL)
    grown = cv2.dilate(cells, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    boxes = [
        Crop(
            int(left) * _CELL,
            int(top) * _CELL,
            min(int(left + across) * _CELL, width),
            min(int(top + down) * _CELL, height),
        )
        for left, top, across, down, _ in stats[1:]
    ]
    return joined(boxes, _belong_together)


def blend_tiles(run: Callable[[Crop], Tensor], width: int, height: int, limits: MatterLimits) -> Tensor:
    """Put overlapping tiles together; where tiles overlap, one fades into the next.

    Args:
        run: gives a tile's (1, 1, h, w) values.
        width: of the whole in pixels.
        height: of the whole in pixels.
        limits: the tiles' size and overlap.
    """
    total = weights = None
    for top, bottom in _spans(height, limits):
        for left, right in _spans(width, limits):
            tile = run(Crop(left, top, right, bottom))
            across = _fade(left, right, width, limits.overlap)
            weight = (_fade(top, bottom, height, limits.overlap)[:, None] * across).to(tile)
            if total is None or weights is None:
                total, weights = tile.new_zeros(1, 1, height, width), tile.new_zeros(height, width)
            total[..., top:bottom, left:right] += tile * weight
            weights[top:bottom, left:right] += weight
    if total is None or weights is None:
        raise ValueError(f"nothing to tile in {width}x{height} pixels")
    return total / weights


def _shared(names: Iterable[str], alphas: list[Tensor], held: Mapping[str, Held], finesse: Finesse) -> list[Tensor]:
    """Refine alphas, hold them to the artist's masks, and have objects share pixels."""
    masks = [held.get(name, Held()) for name in names]
    clamped = [one.clamped(finessed(alpha, finesse)) for one, alpha in zip(masks, alphas, strict=True)]
    return share_around(clamped, [one.core() for one in masks])


def _matted_once(
    matter: Matter, plate_13hw: Tensor, trimap_11hw: Tensor, limits: MatterLimits, kept: KeptAlpha | None
) -> Tensor:
    if kept is None:
        return matte(matter, plate_13hw, trimap_11hw, limits)
    unknown, known = trimap_11hw == 0.5, kept.read()
    if known is not None:
        return trimap_11hw.masked_scatter(unknown, known.to(trimap_11hw.device))
    alpha = matte(matter, plate_13hw, trimap_11hw, limits)
    kept.keep(alpha[unknown])
    return alpha


def _decoded(code_hw: npt.NDArray[np.uint8]) -> Layer:
    """Give a trimap of 0, 0.5 and 1 from twice its values, which take a quarter of the memory."""
    return np.multiply(code_hw, 0.5, dtype=np.float32)


@torch.inference_mode()
def _mask(found: Found, size_wh: tuple[int, int]) -> Layer:
    return _pixels(fit.mask_to_plate(found.mask_b1hw, size_wh))


def _pixels(layer_11hw: Tensor) -> Layer:
    return layer_11hw[0, 0].float().cpu().numpy()


def _matte_crop(matter: Matter, plate_13hw: Tensor, trimap_11hw: Tensor, limits: MatterLimits) -> Tensor:
    height, width = trimap_11hw.shape[-2:]
    if max(height, width) <= limits.tile:
        return matter(plate_13hw, trimap_11hw).float()

    def run(tile: Crop) -> Tensor:
        trimap = trimap_11hw[tile.window]
        if not (trimap == 0.5).any():
            return trimap
        return matter(plate_13hw[tile.window], trimap).float()

    return blend_tiles(run, width, height, limits)


def _belong_together(one: Crop, other: Crop) -> bool:
    return one.overlaps(other) or one.around(other).area <= 1.2 * (one.area + other.area)


def _spans(length: int, limits: MatterLimits) -> list[tuple[int, int]]:
    """Cut a length into spans of at most `tile`, on the cell grid, each overlapping the next by `overlap` or more."""
    if length <= limits.tile:
        return [(0, length)]
    step = max((limits.tile - limits.overlap) // _CELL * _CELL, 1)
    starts = range(0, length - limits.overlap, step)
    return [(start, min(start + limits.tile, length)) for start in starts]


def _fade(start: int, end: int, length: int, overlap: int) -> Tensor:
    """Give one axis of a tile's weight: 1 inside, falling towards sides that have a neighbour, never to 0."""
    places = torch.arange(start, end, dtype=torch.float32) + 0.5
    weight = torch.ones(end - start)
    if start > 0:
        weight = torch.minimum(weight, (places - start) / max(overlap, 1))
    if end < length:
        weight = torch.minimum(weight, (end - places) / max(overlap, 1))
    return weight
