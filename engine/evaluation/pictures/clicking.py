"""Clicks as an artist makes them: first into the object, then into whatever is most wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.contract.shot import Box, Point, Prompt, Settings, Shot, ShotObject
from engine.evaluation.alpha import Codes
from engine.evaluation.metrics import largest_piece
from engine.evaluation.pictures.masked import Mask, MaskedPicture
from engine.evaluation.prompts import box, click
from engine.evaluation.tracking import ClipPlates
from engine.model.mam2 import MAM2
from engine.session.session import ShotSession

CLICKS = 3


@dataclass(frozen=True)
class Answer:
    """What a model said of one object.

    Attributes:
        prompts: all that was said of it.
        mask_hw: (H, W) bool.
    """

    prompts: tuple[Prompt, ...]
    mask_hw: Mask


def deepest(region_hw: Mask) -> tuple[float, float]:
    """Give the centre of the pixel that is farthest from a region's edges; the picture's border is one."""
    return click(as_codes(region_hw))


def correction(predicted_hw: Mask, true_hw: Mask, counted_hw: Mask) -> Point | None:
    """Give a click into the middle of the largest region that is missing or too much; None where all is right."""
    missing = largest_piece(true_hw & ~predicted_hw & counted_hw)
    extra = largest_piece(predicted_hw & ~true_hw & counted_hw)
    worst, positive = (missing, True) if missing.sum() >= extra.sum() else (extra, False)
    return Point(0, *deepest(worst), positive) if worst.any() else None


def answers(model: MAM2, picture: MaskedPicture, mode: str) -> Iterator[tuple[str, Mapping[int, Answer]]]:
    """Ask a model for every object of a picture, in one session: (`1`..`3` clicks or `box`, answers by object).

    Args:
        model: on its device; it encodes the picture once.
        picture: has an object.
        mode: row of the paper's ablation.
    """
    height, width = picture.instances_hw.shape
    said: dict[int, tuple[Prompt, ...]] = {
        value: (Point(0, *deepest(picture.mask(value))),) for value in picture.objects
    }
    shot = Shot(0, 0, width, height, _objects(said), Settings(direction="forward", mode=mode))
    with ShotSession(model, shot, ClipPlates(picture.plate_hwc[None])) as session:
        for clicks in range(1, CLICKS + 1):
            found = _ask(session, said)
            yield str(clicks), found
            for value, answer in found.items():
                further = correction(answer.mask_hw, picture.mask(value), picture.counted_hw)
                said[value] = (*said[value], *([further] if further else []))
            session.edit(_objects(said))
        said = {value: (Box(0, *box(as_codes(picture.mask(value)))),) for value in said}
        session.edit(_objects(said))
        yield "box", _ask(session, said)


def _ask(session: ShotSession, said: Mapping[int, Sequence[Prompt]]) -> dict[int, Answer]:
    session.want([0])
    (found,) = session.track_trimaps()
    return {
        value: Answer(tuple(prompts), np.asarray(found.objects[_name(value)].mask_hw > 0.5))
        for value, prompts in said.items()
    }


def _objects(said: Mapping[int, Sequence[Prompt]]) -> tuple[ShotObject, ...]:
    return tuple(ShotObject(_name(value), tuple(prompts)) for value, prompts in said.items())


def _name(value: int) -> str:
    return f"object_{value}"


def as_codes(mask_hw: Mask) -> Codes:
    """Give a mask as an alpha (H, W) uint8 of 0 and 255."""
    return np.multiply(mask_hw, 255, dtype=np.uint8)
