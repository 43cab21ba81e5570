"""Promises of clips made of stills, and of what is measured on them."""

import numpy as np
import pytest

from engine.clips.truth import TrueClip
from engine.evaluation.pictures.composites import CLIPS, CUT, DRAWING, KINDS, LIFTED, WHOLE, Composites, StillClips
from engine.evaluation.pictures.mattes import digest_of, examine_clips, score
from engine.evaluation.pictures.methods import Methods
from engine.evaluation.pictures.studio import Studio
from engine.training.pictures.stills import Pack


@pytest.fixture
def clips(pack):
    """Short clips of the small pack."""
    return StillClips(Studio.of(pack), frames=4, size=(96, 64))


def test_clips_are_always_the_same_and_move(clips):
    """The same number is the same clip to the bit; of every kind, plates and alphas change from frame to frame."""
    for number, kind in enumerate(KINDS):
        clip = clips.clip(number)
        assert (clip.kind, clip.plates_thwc.shape) == (kind, (4, 64, 96, 3))
        assert digest_of(clip) == digest_of(clips.clip(number))
        assert (clip.alpha_thw[0] != clip.alpha_thw[3]).any()
        assert clip.alpha_thw[0].max() > 26


def test_kinds_take_turns_and_what_a_pack_lacks_is_drawn(clips, pack):
    """Twenty-four clips are six of each kind; without masked pictures and cut-outs all are drawn."""
    assert [clips.kinds.count(kind) for kind in (WHOLE, LIFTED, CUT, DRAWING)] == [CLIPS // 4] * 4
    bare = StillClips(Studio.of(Pack(pack.folder, tuple(pack.of("background")))))
    assert set(bare.kinds) == {DRAWING}


@pytest.mark.parametrize("number", [0, 4])
def test_an_object_in_its_picture_is_what_is_asked_for(clips, number):
    """Under a camera over a whole picture mask and object travel together, whether a second thing passes by or not."""
    clip = clips.clip(number)
    for plate, alpha in zip(clip.plates_thwc, clip.alpha_thw, strict=True):
        inside, outside = plate[alpha == 255].mean(0), plate[alpha == 0].mean(0)
        assert (alpha == 255).mean() > 0.05
        assert inside[0] - inside[2] > outside[0] - outside[2] + 30


def _still(alpha_hw, frames=3):
    alphas = np.repeat(alpha_hw[None], frames, 0)
    return TrueClip("still", "disc", False, np.zeros((*alphas.shape, 3), np.uint8), alphas)


def test_the_truth_scores_best():
    """The exact alpha has J 1, MAD 0 and dtSSD 0, on the first and the last frame too; nothing has J 0."""
    alpha = np.zeros((20, 30), np.uint8)
    alpha[5:15, 5:15] = 255
    clip = _still(alpha)
    best = score(clip, clip.alpha_thw)
    assert (best["j"], best["j_first"], best["j_last"]) == (1, 1, 1)
    assert (best["mad"], best["mad_last"], best["dtssd"]) == (0, 0, 0)
    assert score(clip, np.zeros_like(clip.alpha_thw))["j"] == 0


def test_thin_smoke_has_no_j():
    """Where the truth is nowhere more than half opaque there is no J, and MAD all the same."""
    found = score(_still(np.full((20, 30), 60, np.uint8)), np.full((3, 20, 30), 60, np.uint8))
    assert "j" not in found
    assert found["mad"] == 0


def test_clips_are_measured_beside_the_first_frame_held(clips, model):
    """A model is measured over the clip, on its first and last frame; the held first frame is right on the first."""
    methods = Methods({"small": model}, "pdd+mss", strips=True)
    section = examine_clips([clips.clip(0)], methods)
    (held,) = section.of("first held")
    assert (held.figures["j_first"], held.figures["mad_first"]) == (1, 0)
    assert held.figures["mad_last"] > 0
    (ours,) = section.of("small")
    assert set(ours.figures) == {"j", "j_first", "j_last", "mad", "mad_first", "mad_last", "dtssd"}
    assert ours.strip
    assert section.more_is_better


def test_the_real_pack_gives_composites_and_clips(real_pack):
    """The pack of photographs has pictures for every kind, and its composites show their subject."""
    studio = Studio.of(real_pack)
    assert set(StillClips(studio).kinds) == set(KINDS)
    assert {"keyed", "tree", "puff"} <= set(Composites(studio).kinds)
    assert len(studio.masked) >= 12
    clip = Composites(studio).clip(2)
    assert (clip.alpha_thw > 127).mean() > 0.01
