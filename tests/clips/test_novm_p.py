"""The procedural benchmark: what its clips hold."""

import re

import numpy as np
import pytest

from engine.clips import drawn
from engine.clips.novm_p import NovmP
from engine.clips.novm_p.benchmark import make
from engine.clips.novm_p.registry import CLIPS, FRAMES, KINDS
from engine.clips.novm_p.scene import TAKES, Scene

SMALL = (128, 72)
GONE, BACK = 11.0, 23.0  # frames at which who leaves is away, and has come back


def of(take):
    """Give the clips of one take, to be named by their names."""
    return [pytest.param(entry, id=entry.name) for entry in CLIPS if entry.take == take]


def scene(entry, size=SMALL):
    """Give a clip's scene."""
    return Scene(entry.kind, entry.take, entry.seed, size)


def test_there_are_enough_clips_and_kinds():
    """At least 60 clips in at least 13 kinds, every kind in every take, each clip with a folder's name of its own."""
    names = [entry.name for entry in CLIPS]
    assert len(NovmP()) == len(CLIPS) >= 60
    assert len({entry.kind for entry in CLIPS}) >= 13
    assert {(entry.kind, entry.take) for entry in CLIPS} == {(kind, take) for kind in KINDS for take in TAKES}
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z-]+", name) for name in names)


def test_kinds_held_out_are_none_of_training():
    """At least five kinds are held out, and the training generator has none of that name."""
    held_out = {name for name, kind in KINDS.items() if kind.held_out}
    assert held_out == {"fog", "splash", "frost", "foliage", "cloth", "overlapping"}
    assert held_out.isdisjoint(drawn.KINDS)


def test_clips_come_in_order_and_say_what_they_are():
    """The clips come in the registry's order, with the shapes of their size and 24 frames each."""
    clip = next(NovmP((64, 36)).clips())
    assert (clip.name, clip.kind, clip.held_out) == ("smoke-alone", "smoke", False)
    assert clip.plates_thwc.shape == clip.foreground_thwc.shape == (FRAMES, 36, 64, 3)
    assert clip.alpha_thw.shape == (FRAMES, 36, 64)
    assert clip.distractor_thw is None


def test_a_frame_too_small_is_refused():
    """A size at which nothing could be seen is refused in words."""
    with pytest.raises(ValueError, match="at least 32 pixels a side, not 64x16"):
        NovmP((64, 16))


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in CLIPS])
def test_the_subject_can_be_clicked_on_the_first_frame(entry):
    """On the first frame of every clip the subject covers more than half a per cent, and somewhere more than a half."""
    alpha = scene(entry).frame(0.0).alpha_hw
    assert alpha.mean() > 0.005
    assert alpha.max() > 0.5


@pytest.mark.parametrize("entry", of("returning"))
def test_who_leaves_comes_back(entry):
    """Where the subject leaves the frame nothing of it is left, and at the end it is back."""
    shot = scene(entry)
    assert shot.frame(GONE).alpha_hw.max() == 0
    assert shot.frame(BACK).alpha_hw.mean() > 0.005


@pytest.mark.parametrize("entry", of("passed"))
def test_what_passes_hides_the_subject(entry):
    """What passes before the subject takes its visible alpha away, and belongs to the distractor."""
    shot = scene(entry)
    before, during, after = (shot.frame(time) for time in (0.0, 12.0, 23.0))
    hidden = during.distractor_hw > 0.99
    assert hidden.any()
    assert during.alpha_hw[hidden].max() < 0.011
    assert during.alpha_hw.mean() < 0.9 * max(before.alpha_hw.mean(), after.alpha_hw.mean())


@pytest.mark.parametrize("take", ["beside", "crossed"])
def test_distractors_are_there(take):
    """In these takes something else than the subject and the backdrop is seen, in every kind."""
    for entry in (entry for entry in CLIPS if entry.take == take):
        assert scene(entry).frame(8.0).distractor_hw.max() > 0.3, entry.name


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_plates_are_composites_of_their_truth(kind):
    """A plate is foreground times alpha plus the rest times what alpha leaves, in linear light, to float precision."""
    entry = next(entry for entry in CLIPS if entry.kind == kind and entry.take == "crossed")
    frame = scene(entry).frame(4.0)
    added = frame.plate_chw - frame.foreground_chw * frame.alpha_hw
    assert added.min() > -1e-6  # no more of the foreground than is there
    assert (added - (1.0 - frame.alpha_hw)).max() < 1e-6  # and the rest is light within 0..1
    opaque = frame.alpha_hw > 0.9999
    assert np.abs(frame.plate_chw - frame.foreground_chw)[:, opaque].max(initial=0.0) < 1e-3
    assert (frame.alpha_hw + frame.distractor_hw).max() < 1.0 + 1e-6


def test_alpha_is_fractional_where_the_kind_is_clear():
    """Vapour, water, glass, ice and film are fractional in most of what they cover."""
    for kind in ("smoke", "fog", "splash", "bubbles", "glass", "frost", "overlapping"):
        entry = next(entry for entry in CLIPS if entry.kind == kind)
        alpha = scene(entry).frame(0.0).alpha_hw
        inside = alpha[alpha > 0.02]
        assert ((inside > 0.02) & (inside < 0.98)).mean() > 0.6, kind


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_same_scene_at_every_size(kind):
    """A larger clip shows the same scene: its alpha is the smaller clip's, but for detail finer than its pixels."""
    entry = next(entry for entry in CLIPS if entry.kind == kind and entry.take == "beside")
    small = scene(entry, (256, 144)).frame(6.0).alpha_hw
    large = scene(entry, (512, 288)).frame(6.0).alpha_hw
    coarse, fine = (a.reshape(9, len(a) // 9, 16, -1).mean(axis=(1, 3)) for a in (small, large))
    assert np.abs(coarse - fine).mean() < 0.08 * small.mean()


def test_a_shorter_clip_is_the_beginning():
    """The first frames of a clip do not hang on how many follow."""
    entry = CLIPS[0]
    short, long = make(entry, (64, 36), 2), make(entry, (64, 36), 4)
    assert np.array_equal(short.plates_thwc, long.plates_thwc[:2])
    assert np.array_equal(short.alpha_thw, long.alpha_thw[:2])
