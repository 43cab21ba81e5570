"""From what tracking found to mattes: in one go, or in two stages with trimaps between them, to the same bits.

The trimap stage needs the frames before; the alpha stage needs one frame's plate and trimap alone, so that frames can
be matted on any machine and in any order.
"""

from collections.abc import Iterable, Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.session import fit
from engine.session.held import NOTHING_HELD, Held, share_around
from engine.session.matting import Matter, MatterLimits, matte
from engine.session.record import Found, KeptAlpha
from engine.session.results import FrameMattes, FrameTrimaps, Layer, ObjectMatte, ObjectTrimap


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
    limits: MatterLimits = MatterLimits(),  # noqa: B008 - frozen
    held: Mapping[str, Held] = NOTHING_HELD,
) -> dict[str, npt.NDArray[np.float32]]:
    """Give the alphas (H, W) 0..1 of one frame from its plate and its trimaps alone.

    Args:
        matter: the network, on its device.
        display_hw3: the plate (H, W, 3), display-referred sRGB in 0..1.
        trimaps_hw: by name, of every object that `ShotSession.track_trimaps` gave for the frame: (H, W) 0, 0.5 or 1.
        device: where the network is.
        limits: how much of the plate the network sees at once.
        held: by object, what its alpha is held to.
    """
    plate = fit.to_tensor(display_hw3, device)
    trimaps = (torch.from_numpy(trimap)[None, None].to(device) for trimap in trimaps_hw.values())
    alphas = [matte(matter, plate, trimap, limits) for trimap in trimaps]
    return {name: _pixels(alpha) for name, alpha in zip(trimaps_hw, _shared(trimaps_hw, alphas, held), strict=True)}


@torch.inference_mode()
def mattes_of(
    matter: Matter,
    plate_13hw: Tensor,
    frame: int,
    found: Mapping[str, Found],
    limits: MatterLimits,
    kept: Mapping[str, KeptAlpha],
    held: Mapping[str, Held] = NOTHING_HELD,
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
    """
    size = (plate_13hw.shape[-1], plate_13hw.shape[-2])
    alphas, codes = [], []
    for name, one in found.items():
        masks = held.get(name, Held())
        trimap = masks.asked(one.trimap(size))
        alphas.append(_matted_once(matter, plate_13hw, trimap, limits, kept.get(name)))
        codes.append((masks.shown(trimap) * 2).byte()[0, 0].cpu().numpy())
    return FrameMattes(
        frame,
        {
            name: ObjectMatte(_pixels(alpha), partial(_decoded, code), partial(_mask, one, size))
            for (name, one), alpha, code in zip(found.items(), _shared(found, alphas, held), codes, strict=True)
        },
    )


def _shared(names: Iterable[str], alphas: list[Tensor], held: Mapping[str, Held]) -> list[Tensor]:
    """Hold alphas to the artist's masks, and have objects share pixels."""
    masks = [held.get(name, Held()) for name in names]
    clamped = [one.clamped(alpha) for one, alpha in zip(masks, alphas, strict=True)]
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
