"""Promises of the examination on unseen clips and of its baselines."""

from functools import partial

import numpy as np

from engine.clips.drawn import UNSEEN_SEED, make_clip
from engine.evaluation.baselines import first_alpha_held, grabcut
from engine.evaluation.unseen_clips import score
from engine.session.results import ObjectMatte


def _clip():
    return make_clip(UNSEEN_SEED, kind="blob", frames=2, size_hw=(64, 96))


def _mattes_of(alphas):
    return [ObjectMatte(a, partial(np.rint, a), partial(np.asarray, a)) for a in alphas]


def test_the_exact_alpha_scores_zero_and_takes_nothing_else():
    """The exact alpha has no error and holds none of the distractor."""
    made = _clip()
    result = score(made, _mattes_of(made.alpha_thw.astype(np.float32) / 255))
    assert (result.mad, result.mse, result.dtssd, result.took_distractor) == (0, 0, 0, False)
    assert result.held_mad > 0


def test_the_distractors_alpha_is_found_out():
    """A matte of the wrong object is counted as such."""
    made = next(c for c in (make_clip(n, frames=2, size_hw=(64, 96)) for n in range(20)) if c.distractor_thw.any())
    result = score(made, _mattes_of(made.distractor_thw.astype(np.float32) / 255))
    assert result.took_distractor


def test_collapse_counts_unknown_called_foreground():
    """Truly unknown pixels called foreground are counted apart for the first frame and for the others."""
    made = _clip()
    ones = np.ones(made.alpha_thw.shape, np.float32)
    first_called, first_all, later_called, later_all = score(made, _mattes_of(ones)).collapse
    assert 0 < first_called == first_all
    assert 0 < later_called == later_all


def test_grabcut_finds_a_plain_disc():
    """On a bright disc before a dark ground GrabCut is nearly exact, and empty where the object is gone."""
    y, x = np.mgrid[:64, :64]
    truth = np.stack([(np.hypot(x - 30, y - 34) < 15), np.zeros((64, 64), bool)]).astype(np.float32)
    plates = (40 + 180 * truth[..., None] * [1.0, 0.8, 0.5]).astype(np.uint8)
    found = grabcut(plates, truth)
    assert np.abs(found[0] - truth[0]).mean() < 0.01
    assert not found[1].any()


def test_a_held_alpha_stands_still():
    """Every frame of the held baseline is the first frame's exact alpha."""
    truth = np.random.default_rng(0).random((3, 8, 8), dtype=np.float32)
    assert np.array_equal(first_alpha_held(truth)[2], truth[0])
