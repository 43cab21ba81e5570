"""Masks from clicks and boxes on photographs, clicked as an artist does: how much of each object a model finds."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.contract.shot import Box, Point, Prompt, Settings, Shot, ShotObject
from engine.evaluation.baselines import grabcut
from engine.evaluation.metrics import Codes, largest_piece
from engine.evaluation.pictures.methods import SALIENCY, Clock, Methods, Watch
from engine.evaluation.pictures.sections import Case, Measure, Section
from engine.evaluation.pictures.strips import strip
from engine.evaluation.pictures.studio import Mask, MaskedPicture, iou
from engine.evaluation.tracking import ClipPlates, box, click
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


MEASURES = (
    Measure("1", "IoU at 1 click", by_kind=True),
    Measure("2", "IoU at 2 clicks"),
    Measure("3", "IoU at 3 clicks"),
    Measure("box", "IoU by box"),
    Measure("none", "IoU without a prompt"),
)
GRABCUT, FILLED = "GrabCut", "box filled"
LARGE, MIDDLE = 0.10, 0.02
"""Shares of a picture from which an object is large, or of middle size."""


def examine_masks(pictures: Iterable[MaskedPicture], methods: Methods) -> tuple[Section, Section]:
    """Ask every model for every object; give all objects, and the pictures with one salient object apart.

    Args:
        pictures: those without an object that is large enough are left out.
        methods: who is measured.
    """
    cases, salient, clock, digest = [], [], Clock(), hashlib.sha256()
    for picture in pictures:
        if not picture.objects:
            continue
        digest.update(picture.plate_hwc.tobytes() + picture.instances_hw.tobytes())
        found = [
            case for name, model in methods.models.items() for case in _ask_mask(name, model, picture, methods, clock)
        ]
        if methods.baselines:
            found += _simple(picture, clock)
        cases += found
        if picture.salient is not None:
            salient += [case for case in found if case.name == _case_name(picture, picture.salient)]
            salient += _without_prompt(picture, picture.salient, methods)
    models, mark = tuple(methods.models), digest.hexdigest()[:12]
    whole = Section(
        "masks", "Objects of masked pictures", "objects", MEASURES[:4], tuple(cases), models, True, clock.totals, mark
    )
    apart = Section(
        "salient",
        "Masked pictures with one salient object",
        "pictures",
        tuple(Measure(one.key, one.title) for one in MEASURES),
        tuple(Case(one.name, "salient", one.method, one.figures, one.strip) for one in salient),
        models,
        True,
        {},
        mark,
    )
    return whole, apart


def _ask_mask(name: str, model: MAM2, picture: MaskedPicture, methods: Methods, clock: Clock) -> Iterator[Case]:
    watch = Watch()
    found = dict(answers(model, picture, methods.mode))
    clock.add(name, watch.spent())
    for value in picture.objects:
        figures = {
            key: iou(answer[value].mask_hw, picture.mask(value), picture.counted_hw) for key, answer in found.items()
        }
        shown = _strip(picture, value, found["1"][value]) if methods.strips else b""
        yield Case(_case_name(picture, value), _size(picture.shares[value]), name, figures, shown)


def _simple(picture: MaskedPicture, clock: Clock) -> Iterator[Case]:
    """Give the baselines that are told the exact box."""
    for value in picture.objects:
        truth = picture.mask(value)
        filled = np.zeros_like(truth)
        left, top, right, bottom = box(as_codes(truth))
        filled[top:bottom, left:right] = True
        watch = Watch()
        cut = grabcut(picture.plate_hwc[None], truth[None].astype(np.float32))[0] > 0.5
        clock.add(GRABCUT, watch.spent())
        for method, mask in ((GRABCUT, cut), (FILLED, filled)):
            figures = {"box": iou(mask, truth, picture.counted_hw)}
            yield Case(_case_name(picture, value), _size(picture.shares[value]), method, figures)


def _without_prompt(picture: MaskedPicture, value: int, methods: Methods) -> Iterator[Case]:
    if methods.saliency is None:
        return
    mask = methods.saliency(picture.plate_hwc) > 0.5
    figures = {"none": iou(mask, picture.mask(value), picture.counted_hw)}
    shown = _strip(picture, value, Answer((), mask)) if methods.strips else b""
    yield Case(_case_name(picture, value), "salient", SALIENCY, figures, shown)


def _strip(picture: MaskedPicture, value: int, answer: Answer) -> bytes:
    truth, mask = (one.astype(np.float32) for one in (picture.mask(value), answer.mask_hw))
    return strip([(picture.plate_hwc, answer.prompts, truth, mask)])


def _size(share: float) -> str:
    return "large" if share >= LARGE else "middle" if share >= MIDDLE else "small"


def _case_name(picture: MaskedPicture, value: int) -> str:
    return f"{picture.name}:{value}"
