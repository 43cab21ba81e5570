"""Masks from clicks and boxes on photographs: how much of each object a model finds."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np

from engine.evaluation.baselines import grabcut
from engine.evaluation.pictures.clicking import Answer, answers, as_codes
from engine.evaluation.pictures.masked import MaskedPicture, iou
from engine.evaluation.pictures.methods import SALIENCY, Clock, Methods, Watch
from engine.evaluation.pictures.sections import Case, Measure, Section
from engine.evaluation.pictures.strips import strip
from engine.evaluation.prompts import box
from engine.model.mam2 import MAM2

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
        found = [case for name, model in methods.models.items() for case in _ask(name, model, picture, methods, clock)]
        if methods.baselines:
            found += _simple(picture, clock)
        cases += found
        if picture.salient is not None:
            salient += [case for case in found if case.name == _name(picture, picture.salient)]
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


def _ask(name: str, model: MAM2, picture: MaskedPicture, methods: Methods, clock: Clock) -> Iterator[Case]:
    watch = Watch()
    found = dict(answers(model, picture, methods.mode))
    clock.add(name, watch.spent())
    for value in picture.objects:
        figures = {
            key: iou(answer[value].mask_hw, picture.mask(value), picture.counted_hw) for key, answer in found.items()
        }
        shown = _strip(picture, value, found["1"][value]) if methods.strips else b""
        yield Case(_name(picture, value), _size(picture.shares[value]), name, figures, shown)


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
            yield Case(_name(picture, value), _size(picture.shares[value]), method, figures)


def _without_prompt(picture: MaskedPicture, value: int, methods: Methods) -> Iterator[Case]:
    if methods.saliency is None:
        return
    mask = methods.saliency(picture.plate_hwc) > 0.5
    figures = {"none": iou(mask, picture.mask(value), picture.counted_hw)}
    shown = _strip(picture, value, Answer((), mask)) if methods.strips else b""
    yield Case(_name(picture, value), "salient", SALIENCY, figures, shown)


def _strip(picture: MaskedPicture, value: int, answer: Answer) -> bytes:
    truth, mask = (one.astype(np.float32) for one in (picture.mask(value), answer.mask_hw))
    return strip([(picture.plate_hwc, answer.prompts, truth, mask)])


def _size(share: float) -> str:
    return "large" if share >= LARGE else "middle" if share >= MIDDLE else "small"


def _name(picture: MaskedPicture, value: int) -> str:
    return f"{picture.name}:{value}"
