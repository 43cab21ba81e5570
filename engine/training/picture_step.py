"""The step of `trimap-picture`: crops around worn masks in, the trimap of the exact alpha wanted."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.model.mam2 import MAM2
from engine.model.tensors import Crop
from engine.session.fit import part_to_square, to_square
from engine.session.trimap_from_picture import window_around
from engine.training import losses
from engine.training.samples import ClipBatch
from engine.training.targets import trimap_target
from engine.training.worn_masks import worn_mask

if TYPE_CHECKING:
    from engine.training.steps import Lesson

LOOKS = 2  # masks that each object is worn in: a picture costs more to make than to look at
WHOLE = 0.1  # share of looks at the whole plate
SIDES = (0.5, 1.0)  # of the network's own side: plates are seen sharp and blurred, near and far
MARGINS = (0.05, 0.5)  # of the object's longer side
_GRID = 32  # pixels of the network's coarsest stride


def picture_step(model: MAM2, batch: ClipBatch, lesson: "Lesson") -> dict[str, Tensor]:
    """Learn trimaps of pictures from exact alpha; objects without it teach nothing.

    Raises:
        ValueError: the model has no such network.
    """
    if model.trimap is None:
        raise ValueError("the model has no network of trimaps from pictures")
    kept = batch.teaches_n3[:, 2]
    chance, clips = lesson.chance.of_kept(kept), len(batch.plates_btchw)
    batch = batch.that_teach_alpha()
    share = SIDES[0] + (SIDES[1] - SIDES[0]) * float(torch.rand((), generator=chance.shared))
    side = max(1, round(share * model.trimap.side / _GRID)) * _GRID
    plates, alphas = batch.plates_btchw[:, 0].float() / 255, batch.alpha_nt1hw[:, 0].float() / 255
    looks = [
        _look(plates[clip][None], alpha[None], side, generator)
        for clip, alpha, generator in zip(batch.clip_n, alphas, chance.objects, strict=True)
        for _ in range(LOOKS)
    ]
    if not looks:
        return {}
    plate, mask, truth = (torch.cat(parts) for parts in zip(*looks, strict=True))
    logits = model.trimap(plate, mask).float()
    loss = losses.normalised_focal(logits, trimap_target(truth, stride=2))
    return {"picture": loss.sum() / (LOOKS * clips)}


def _look(plate_13ss: Tensor, alpha_11ss: Tensor, side: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Give plate, mask in 0..1 and alpha around an object that is worn anew, each a square of `side`."""
    mask = worn_mask(alpha_11ss, generator)
    whole, margin, *sides = torch.rand(6, generator=generator).tolist()
    size = (plate_13ss.shape[-1], plate_13ss.shape[-2])
    part = plate = Crop(0, 0, *size)
    if whole >= WHOLE:
        around = window_around(mask, size, MARGINS[0] + (MARGINS[1] - MARGINS[0]) * margin)
        part = plate if around is None else _off_centre(around, sides).cut_to(plate)
    likely = part_to_square(mask, size, part, side).sigmoid()
    return to_square(plate_13ss[part.window], side), likely, to_square(alpha_11ss[part.window], side)


def _off_centre(crop: Crop, sides: list[float]) -> Crop:
    """Move each side of a crop a little, since trackers' masks do not end where objects end."""
    reach = 0.1 * max(crop.right - crop.left, crop.bottom - crop.top)
    left, top, right, bottom = (round(reach * (2 * draw - 1)) for draw in sides)
    return Crop(crop.left + left, crop.top + top, crop.right + right, crop.bottom + bottom)
