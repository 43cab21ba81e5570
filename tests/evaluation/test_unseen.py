"""Promises of the benchmark of unseen clips, of what a clip's distractor and unknown pixels tell, and of baselines."""

import numpy as np

from engine.clips.drawn import KINDS, UNSEEN_SEED, make_clip
from engine.evaluation.baselines import first_alpha_held, grabcut
from engine.evaluation.benchmarks import Unseen
from engine.evaluation.examination import measure, solid, took_distractor
from engine.evaluation.profiles import PROFILES

SMALL = (96, 64)


def _with_distractor():
    benchmark = Unseen(frames=2, size=SMALL)
    return next(clip for clip in benchmark.clips() if clip.distractor_thw is not None)


def test_clips_are_those_of_seeds_that_training_leaves():
    """Clip number n is drawn from the n-th seed that training never uses; kinds take turns."""
    benchmark = Unseen(frames=2, size=SMALL)
    clip = benchmark.clip(9)
    assert clip.kind == benchmark.kinds[9] == KINDS[9 % len(KINDS)]
    drawn = make_clip(UNSEEN_SEED + 9, kind=clip.kind, frames=2, size_hw=SMALL[::-1])
    assert np.array_equal(clip.plates_thwc, drawn.plates_thwc)
    assert np.array_equal(clip.alpha_thw, drawn.alpha_thw)


def test_the_exact_alpha_scores_zero_and_takes_nothing_else():
    """The exact alpha has no error and holds none of the distractor."""
    clip = _with_distractor()
    scores = measure(clip, clip.alpha_thw, PROFILES["rvm-lr"])
    assert not any(any(one) for one in scores.frames.values())
    assert scores.took_distractor is False


def test_the_distractors_alpha_is_found_out():
    """A matte of the wrong object is counted as such; where nothing can be mistaken nothing is counted."""
    clip = _with_distractor()
    assert took_distractor(clip, clip.distractor_thw) is True
    alone = next(one for one in Unseen(frames=2, size=SMALL).clips() if one.distractor_thw is None)
    assert took_distractor(alone, alone.alpha_thw) is None


def test_unknown_called_foreground_is_counted():
    """Truly unknown pixels called foreground are counted apart for the first frame and for the others."""
    clip = Unseen(frames=2, size=SMALL).clip(0)
    first_called, first_all, later_called, later_all = solid(clip, np.ones(clip.alpha_thw.shape, np.float32))
    assert 0 < first_called == first_all
    assert 0 < later_called == later_all
    assert solid(clip, np.full(clip.alpha_thw.shape, 0.5, np.float32)) == (0, first_all, 0, later_all)


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
