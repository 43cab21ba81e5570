"""Promises of the examination: a model on clips with known alpha, simple methods beside it."""

import numpy as np
import pytest
from small_model import SMALL, lively
from tiny_benchmark import moving

from engine.evaluation.baselines import band_alpha, band_trimap, mask_as_alpha
from engine.evaluation.examination import NOT_LEARNT, OURS, Examiner, measure
from engine.evaluation.profiles import PROFILES
from engine.evaluation.tracking import KINDS


@pytest.fixture(scope="module")
def model():
    """A very small model with numbers from a seed."""
    return lively(SMALL)


def _examiner(model, prompt="point", *, baselines=False):
    return Examiner(model, PROFILES["rvm-lr"], "pdd+mss", prompt, baselines)


@pytest.mark.parametrize("prompt", KINDS)
def test_every_prompt_gives_a_matte_of_every_frame(model, prompt):
    """Point, box and mask each lead to a number for every frame, and the same clip gives the same numbers."""
    clip = moving("disc", 0)
    ((method, scores),) = _examiner(model, prompt).examine(clip)
    assert (method, scores.name, scores.kind, scores.length) == (OURS, "disc-0", "disc", 3)
    assert scores.frames["mad"][0] > 0
    assert dict(_examiner(model, prompt).examine(clip))[OURS] == scores


def test_prompts_are_not_the_same(model):
    """What the clip is asked by reaches the model."""
    clip = moving("disc", 0)
    found = {prompt: _examiner(model, prompt).mattes(clip)[OURS] for prompt in KINDS}
    assert not np.array_equal(found["point"], found["box"])
    assert not np.array_equal(found["point"], found["mask"])
    assert not np.array_equal(found["mask"], found["masks"])


def test_baselines_are_measured_on_the_same_clip(model):
    """With baselines, four simple methods stand behind ours, and the held alpha is exact on the first frame only."""
    found = dict(_examiner(model, baselines=True).examine(moving("square", 1, held_out=True)))
    assert list(found) == [OURS, "mask alone", "fixed band", *NOT_LEARNT]
    assert all(scores.held_out for scores in found.values())
    held = found["first alpha held"].frames["mad"]
    assert held[0] == 0 < held[1] < held[2]


def test_nothing_is_there_before_the_prompted_frame(model):
    """A subject that comes later is prompted later, and the frames before hold no matte."""
    clip = moving("disc", 0)
    clip.alpha_thw[0] = 0
    assert not _examiner(model).mattes(clip)[OURS][0].any()


def test_the_exact_alpha_scores_zero():
    """Measured against itself, a clip's alpha has no error."""
    clip = moving("disc", 0)
    assert not any(any(scores) for scores in measure(clip, clip.alpha_thw, PROFILES["maggie"]).frames.values())


def test_the_band_is_as_wide_on_any_subject():
    """Around a mask's edge a band of one width is unknown: background outside, foreground inside."""
    mask = np.zeros((60, 200), np.float32)
    mask[20:40, 50:150] = 1
    trimap = band_trimap(mask)
    assert trimap[30, [45, 46, 49, 50, 53, 54]].tolist() == [0, 0.5, 0.5, 0.5, 0.5, 1]
    assert (trimap[30] == 0.5).sum() == 16
    assert (trimap[:, 100] == 0.5).sum() == 16


def test_the_band_keeps_what_its_trimap_knows(model):
    """Outside the band the matte of the fixed band is the mask; inside, the matter decides."""
    clip = moving("square", 0)
    masks = (clip.alpha_thw == 255).astype(np.float32)
    alpha = band_alpha(model, clip.plates_thwc, masks)
    trimap = np.stack([band_trimap(mask) for mask in masks])
    known = trimap != 0.5
    assert np.array_equal(alpha[known], trimap[known])
    assert not np.array_equal(alpha[~known], trimap[~known])


def test_a_mask_as_alpha_is_hard():
    """The mask alone is 0 or 1, from one half on."""
    assert mask_as_alpha(np.array([[[0.2, 0.5, 0.6]]], np.float32)).tolist() == [[[0, 0, 1]]]
