"""The metrics give the public script's numbers. Oracle: tests/data/metrics (see SOURCE.md there)."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.evaluation import metrics

DATA = Path(__file__).parents[1] / "data" / "metrics"
EXPECTED = json.loads((DATA / "expected.json").read_text())
NAMES = ("mad", "mse", "grad", "conn", "dtssd")


def _clip(name):
    with np.load(DATA / "clips.npz") as clips:
        return tuple(clips[f"{name}/{side}"].astype(np.float32) / np.float32(255) for side in ("pred", "gt"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("clip", EXPECTED["clips"], ids=lambda clip: clip["clip"])
def test_every_frame_has_the_scripts_number(clip, name):
    """On every frame of every clip each metric is the public script's, to 1e-4."""
    scores = getattr(metrics, name)(*_clip(clip["clip"]))
    np.testing.assert_allclose(scores, clip["per_frame"][name], rtol=1e-4, atol=1e-6)
    assert scores.mean() == pytest.approx(clip["per_clip_mean"][name], rel=1e-4, abs=1e-6)


def test_sad_is_mad_times_the_pixels():
    """SAD is the same sum as MAD, over 1000 instead of averaged."""
    predicted, true = _clip("smoke")
    pixels = predicted[0].size
    np.testing.assert_allclose(metrics.sad(predicted, true), metrics.mad(predicted, true) * pixels / 1e6)


@pytest.mark.parametrize("name", [*NAMES, "sad"])
def test_an_exact_matte_scores_nothing(name):
    """The true alpha itself has no error by any metric, in double or single precision."""
    _, true = _clip("parts")
    assert np.all(getattr(metrics, name)(true.astype(np.float64), true) == 0)


def test_equal_pieces_take_the_first_in_scan_order():
    """Of two pieces of equal size, CONN takes the one that a scan by rows meets first."""
    true = np.zeros((1, 8, 9), np.float32)
    true[0, 1:3, 5:8] = 1.0
    true[0, 5:7, 1:4] = 1.0
    pieces = metrics._largest_piece(true[0] > 0)
    assert pieces[1:3, 5:8].all()
    assert pieces.sum() == 6


def test_clips_of_different_shape_are_refused():
    """A prediction of another size or length is an error, not a broadcast."""
    with pytest.raises(ValueError, match="not one clip"):
        metrics.mad(np.zeros((1, 4, 4)), np.zeros((2, 4, 4)))
