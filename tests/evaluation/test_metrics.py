"""The metrics give the public script's numbers. Oracle: tests/data/metrics (see SOURCE.md there)."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from engine.evaluation.metrics import dtssd, grad, largest_piece, mad, messddt, to_codes
from engine.evaluation.profiles import PROFILES, Average
from engine.evaluation.scores import ClipScores, clip_figures, figures

DATA = Path(__file__).parents[1] / "data" / "metrics"
EXPECTED = json.loads((DATA / "expected.json").read_text())
NAMES = ("mad", "mse", "grad", "conn", "dtssd")
RVM = PROFILES["rvm-lr"]


def _clip(name):
    with np.load(DATA / "clips.npz") as clips:
        return clips[f"{name}/pred"], clips[f"{name}/gt"]


@pytest.fixture(scope="module")
def scored():
    """Every clip of the fixture, measured as the script does."""
    names = [clip["clip"] for clip in EXPECTED["clips"]]
    return {name: ClipScores(name, name, held_out=False, frames=RVM.score(*_clip(name))) for name in names}


@pytest.mark.parametrize("clip", EXPECTED["clips"], ids=lambda clip: clip["clip"])
def test_every_frame_has_the_scripts_number(clip, scored):
    """On every frame of every clip each metric is the public script's, to 1e-4, and so is the clip's mean."""
    one = scored[clip["clip"]]
    for name in NAMES:
        np.testing.assert_allclose(one.frames[name], clip["per_frame"][name], rtol=1e-4, atol=1e-6)
        assert clip_figures(one, RVM)[name] == pytest.approx(clip["per_clip_mean"][name], rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    ("average", "expected"),
    [(Average.CLIP, "mean_of_clip_means"), (Average.FRAME, "script_aggregate_frame_columns_then_mean")],
)
def test_both_ways_of_averaging_are_the_scripts(average, expected, scored):
    """Clips of different length average to the script's own figure, and to the mean of clips where that is asked."""
    together = figures(list(scored.values()), RVM, average)
    assert {name: together[name] for name in NAMES} == pytest.approx(EXPECTED[expected], rel=1e-4)


def test_the_published_average_is_the_default(scored):
    """Without a word, the RVM profile averages as its script does."""
    clips = list(scored.values())
    assert figures(clips, RVM) == figures(clips, RVM, Average.FRAME) != figures(clips, RVM, Average.CLIP)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_a_device_changes_no_number(profile):
    """With a device given, torch measures what numpy measures."""
    clip = _clip("parts")
    ours, theirs = profile.score(*clip), profile.score(*clip, device=torch.device("cpu"))
    for name, expected in ours.items():
        np.testing.assert_allclose(theirs[name], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.gpu
@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_cuda_changes_no_number(profile):
    """On an NVIDIA GPU the numbers are the CPU's."""
    clip = _clip("parts")
    ours, theirs = profile.score(*clip), profile.score(*clip, device=torch.device("cuda"))
    for name, expected in ours.items():
        np.testing.assert_allclose(theirs[name], expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_an_exact_matte_scores_nothing(profile):
    """The true alpha itself has no error by any metric of any profile."""
    _, true = _clip("parts")
    assert all(not any(scores) for scores in profile.score(true, true).values())


def test_the_high_resolution_profile_does_not_stretch():
    """A matte that is only too faint passes the low-resolution GRAD and not the high-resolution one."""
    _, true = _clip("blob")
    faint = (true // 2).astype(np.uint8)
    low, high = (PROFILES[name].score(faint, true)["grad"] for name in ("rvm-lr", "rvm-hr"))
    assert max(low) < 0.01 < min(high)


def test_maggie_measures_by_size():
    """MaGGIe's MAD is the mean over the image divided by its pixels, times 1e10; its dtSSD sums over time too."""
    predicted, true = _clip("smoke")
    scores = PROFILES["maggie"].score(predicted, true)
    error = np.abs(predicted / 255 - true / 255)
    np.testing.assert_allclose(scores["mad"], 1e10 * error.mean((1, 2)) / error[0].size, rtol=1e-5)
    change = np.square(np.diff(predicted / 255 - true / 255, axis=0)).sum()
    clip = ClipScores("smoke", "smoke", held_out=False, frames=scores)
    assert clip_figures(clip, PROFILES["maggie"])["dtssd"] == pytest.approx(0.1 * np.sqrt(change), rel=1e-5)


def test_maggie_stretches_a_clip_as_a_whole():
    """A frame that is fainter than its clip keeps faint edges in MaGGIe's GRAD; RVM's stretches it by itself."""
    true = np.zeros((2, 24, 24), np.float32)
    true[0, 8:16, 8:16], true[1, 8:16, 8:16] = 1.0, 0.5
    nothing = np.zeros_like(true)
    by_clip, by_frame = (grad(nothing, true, stretch=stretch) for stretch in ("clip", "frame"))
    assert by_clip[1] == pytest.approx(by_clip[0] / 4)
    assert by_frame[1] == pytest.approx(by_frame[0])


def test_only_the_unknown_region_counts_in_dim():
    """An error where the trimap knows the answer costs nothing in the image matting convention; beyond that it does."""
    true = np.zeros((1, 60, 60), np.uint8)
    true[:, 20:40, 20:40], true[:, 55:, 55:] = 128, 255
    far, near = true.copy(), true.copy()
    far[:, 0, 0], near[:, 30, 30] = 255, 255
    assert max(max(scores) for scores in PROFILES["dim"].score(far, true).values()) < 1e-12
    assert PROFILES["dim"].score(near, true)["sad"][0] == pytest.approx(127 / 255 / 1000)
    everywhere = np.full_like(true, 128)
    assert PROFILES["dim"].score(far, true, trimap_thw=everywhere)["sad"][0] == pytest.approx(1 / 1000)


def test_sad_is_mad_times_the_pixels(scored):
    """SAD is the same sum as MAD, over 1000 instead of averaged."""
    frames = scored["smoke"].frames
    np.testing.assert_allclose(frames["sad"], np.array(frames["mad"]) * _clip("smoke")[0][0].size / 1e6)


def test_an_error_that_moves_along_costs_no_messddt():
    """An error that stays on the moving thing is steady along the flow; the same error put elsewhere is not."""
    soft = cv2.GaussianBlur(np.pad(np.full((20, 20), 1.0, np.float32), 30), (0, 0), 3)
    true = np.stack([np.roll(soft, 2 * t, axis=1) for t in range(3)])
    along = true * 0.7
    jumping = along.copy()
    jumping[1] = true[1]
    assert messddt(along, true)[1:].max() < 0.2 * messddt(jumping, true)[1:].min()
    assert messddt(along, true)[0] == 0


def test_a_steady_error_costs_no_dtssd():
    """An error that never changes is not flicker."""
    true = np.zeros((3, 8, 8))
    assert not dtssd(true + 0.25, true).any()
    assert mad(true + 0.25, true) == pytest.approx([0.25] * 3)


def test_equal_pieces_take_the_first_in_scan_order():
    """Of two pieces of equal size, CONN takes the one that a scan by rows meets first."""
    true = np.zeros((8, 9), bool)
    true[1:3, 5:8] = True
    true[5:7, 1:4] = True
    pieces = largest_piece(true)
    assert pieces[1:3, 5:8].all()
    assert pieces.sum() == 6


def test_clips_of_different_shape_are_refused():
    """A prediction of another size or length is an error, not a broadcast."""
    with pytest.raises(ValueError, match="not one clip"):
        mad(np.zeros((1, 4, 4)), np.zeros((2, 4, 4)))


def test_codes_are_the_nearest():
    """Floats become the nearest 8-bit code; what lies outside 0..1, or is no number, becomes the nearest that is in."""
    assert to_codes(np.array([0.0, 0.5, 1.0, 1.5, -1.0, np.nan, 0.4999 / 255])).tolist() == [0, 128, 255, 255, 0, 0, 0]
