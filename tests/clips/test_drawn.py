"""The training clips: same seed same picture, exact alpha, sensible prompts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.clips.drawn import KINDS, TRANSLUCENT, UNSEEN_SEED, make_clip, render_linear
from engine.clips.drawn.motion import Gait, Path, to_display, to_linear
from engine.clips.drawn.noise import child, fbm
from engine.clips.drawn.scene import Scene

SMALL = (96, 96)
SEEDS = (3, 4, 5, 12, 77, UNSEEN_SEED + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_same_arguments_give_the_same_arrays(kind):
    """A clip is a function of its arguments, bit by bit."""
    one, two = (make_clip(9, kind=kind, frames=3, size_hw=(64, 80), stride=1.5) for _ in range(2))
    assert np.array_equal(one.plates_thwc, two.plates_thwc)
    assert np.array_equal(one.alpha_thw, two.alpha_thw)
    assert np.array_equal(one.distractor_thw, two.distractor_thw)
    assert (one.click_xy, one.box_xyxy) == (two.click_xy, two.box_xyxy)


def test_another_seed_gives_another_clip():
    """Seeds differ in more than their noise."""
    alphas = [make_clip(seed, kind="blob", frames=1, size_hw=SMALL).alpha_thw for seed in range(6)]
    assert all(np.mean(a != b) > 0.01 for i, a in enumerate(alphas) for b in alphas[i + 1 :])


@pytest.mark.parametrize("kind", KINDS)
def test_frame_0_shows_the_subject_and_the_prompts_fit_it(kind):
    """On frame 0 the subject has area, the click lies on it and off the distractor, and the box is tight."""
    for seed in SEEDS:
        clip = make_clip(seed, kind=kind, frames=1, size_hw=SMALL)
        alpha, other = clip.alpha_thw[0], clip.distractor_thw[0]
        assert clip.plates_thwc.shape == (1, *SMALL, 3)
        assert clip.plates_thwc.dtype == alpha.dtype == other.dtype == np.uint8
        assert 0.015 < np.mean(alpha > 25) < 0.5
        x, y = clip.click_xy
        here = alpha[int(y), int(x)]
        assert here > 0.5 * np.median(alpha[alpha > 25])
        assert here > (25 if kind in TRANSLUCENT else 100)
        assert other[int(y), int(x)] < 8
        x0, y0, x1, y1 = (int(v) for v in clip.box_xyxy)
        inside = np.zeros(SMALL, bool)
        inside[y0:y1, x0:x1] = True
        assert not np.any((alpha > 26) & ~inside)
        for edge in (alpha[y0, x0:x1], alpha[y1 - 1, x0:x1], alpha[y0:y1, x0], alpha[y0:y1, x1 - 1]):
            assert edge.max() >= 25


@pytest.mark.parametrize("kind", KINDS)
def test_the_linear_composite_is_exact(kind):
    """A plate is foreground * alpha + background * (1 - alpha) in linear light, whichever of the two is in front."""
    for seed in (1, 2, 4, 7):
        clip = render_linear(seed, kind=kind, frames=3, size_hw=SMALL, stride=5.0)
        alpha = clip.alpha_thw[..., None]
        rebuilt = clip.foreground_thwc * alpha + clip.background_thwc * (1 - alpha)
        # The layer below an all but opaque distractor is found by division: float32 keeps four decimals there.
        np.testing.assert_allclose(clip.plates_thwc, rebuilt, atol=2e-4)
        assert clip.plates_thwc.min() >= 0
        assert 0 <= clip.alpha_thw.min() <= clip.alpha_thw.max() <= 1
        assert float((clip.alpha_thw + clip.distractor_thw).max()) <= 1 + 1e-5


def test_both_depth_orders_occur():
    """The distractor passes in front of the subject in some clips, behind it in others, and is absent from a few."""
    scenes = [Scene(seed, "blob", 4.0, (48, 48)) for seed in range(40)]
    front = np.mean([scene.in_front for scene in scenes if scene.distractor is not None])
    assert 0.2 < front < 0.8
    assert 0 < sum(scene.distractor is None for scene in scenes) < 15


@pytest.mark.parametrize("kind", ["blob", "fire", "glass"])
def test_make_clip_is_render_linear_quantised(kind):
    """The 8-bit clip shows the linear clip's picture, and its alpha is the same to half a code."""
    linear = render_linear(21, kind=kind, frames=2, size_hw=SMALL, camera=True)
    clip = make_clip(21, kind=kind, frames=2, size_hw=SMALL)
    shown = to_display(linear.plates_thwc).astype(np.float32)
    assert np.abs(shown - clip.plates_thwc).mean() < 3
    assert np.abs(linear.alpha_thw * 255 - clip.alpha_thw).max() <= 0.501
    assert (linear.click_xy, linear.box_xyxy) == (clip.click_xy, clip.box_xyxy)


@pytest.mark.parametrize("kind", sorted(TRANSLUCENT))
def test_translucent_subjects_are_fractional_inside(kind):
    """Far from any edge, a translucent subject's alpha is mostly neither 0 nor 1, and it is not one flat value."""
    shares, spreads = [], []
    for seed in SEEDS:
        alpha = make_clip(seed, kind=kind, frames=1, size_hw=SMALL).alpha_thw[0]
        inside = alpha[cv2.erode((alpha > 12).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0]
        if inside.size:
            shares.append(np.mean((inside > 20) & (inside < 240)))
            spreads.append(np.ptp(np.percentile(inside, [5, 95])))
    assert np.mean(shares) > 0.75
    assert np.mean(spreads) > 40


@pytest.mark.parametrize("kind", ["blob", "hair", "net", "motion"])
def test_opaque_subjects_have_a_solid_part_and_a_soft_edge(kind):
    """An opaque subject reaches alpha 1, and its edge, strands or blur are fractional."""
    alpha = np.concatenate([make_clip(seed, kind=kind, frames=1, size_hw=SMALL).alpha_thw for seed in SEEDS])
    assert np.mean(alpha == 255) > 0.01
    assert np.mean((alpha > 10) & (alpha < 245)) > 0.005


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_at_another_size_is_the_same_shot(kind):
    """Twice the size shows the same alpha and picture, only finer."""
    small = make_clip(14, kind=kind, frames=2, size_hw=(96, 128))
    large = make_clip(14, kind=kind, frames=2, size_hw=(192, 256))
    for a, b in zip(small.alpha_thw, large.alpha_thw, strict=True):
        reduced = cv2.resize(b, (128, 96), interpolation=cv2.INTER_AREA).astype(np.float32)
        blurred = [cv2.blur(i.astype(np.float32), (7, 7)) for i in (a, reduced)]
        assert np.abs(blurred[0] - blurred[1]).mean() < 4
    reduced = cv2.resize(large.plates_thwc[0], (128, 96), interpolation=cv2.INTER_AREA).astype(np.float32)
    blurred = [cv2.blur(i.astype(np.float32), (9, 9)) for i in (small.plates_thwc[0], reduced)]
    assert np.abs(blurred[0] - blurred[1]).mean() < 8


@pytest.mark.parametrize("kind", KINDS)
def test_the_subject_moves(kind):
    """Over a clip the alpha changes in most seeds, and more so with a larger stride."""
    change = {1.0: [], 4.0: []}
    for stride, moved in change.items():
        for seed in SEEDS[:4]:
            alpha = make_clip(seed, kind=kind, frames=4, size_hw=(64, 64), stride=stride).alpha_thw.astype(np.float32)
            moved.append(np.abs(np.diff(alpha, axis=0)).mean())
    assert np.mean(change[1.0]) > 0.3
    assert np.mean(change[4.0]) > np.mean(change[1.0])


def test_a_longer_clip_begins_with_the_shorter_one():
    """Asking for more frames adds frames: the first ones stay."""
    short = make_clip(31, kind="hair", frames=2, size_hw=(64, 64))
    long = make_clip(31, kind="hair", frames=5, size_hw=(64, 64))
    assert np.array_equal(short.alpha_thw, long.alpha_thw[:2])
    assert np.array_equal(short.plates_thwc, long.plates_thwc[:2])


def test_subjects_are_not_told_apart_by_brightness_or_place():
    """Neither "brighter than the rest" nor "in the middle" finds the subject."""
    brighter, places = [], []
    for seed in range(60):
        clip = make_clip(seed, frames=1, size_hw=(48, 48))
        alpha, light = clip.alpha_thw[0] > 100, clip.plates_thwc[0].mean(-1)
        if alpha.any():
            brighter.append(light[alpha].mean() > light[~alpha].mean())
            places.append(np.argwhere(alpha).mean(0) / 48)
    assert 0.25 < np.mean(brighter) < 0.8
    assert np.std(places, axis=0).min() > 0.1


def test_every_kind_is_drawn_when_none_is_asked_for():
    """With kind=None the seed chooses, and all kinds come up."""
    assert {make_clip(seed, frames=1, size_hw=(32, 32)).kind for seed in range(60)} == set(KINDS)


def test_wrong_arguments_are_refused():
    """An unknown kind, no frames and a tiny frame are errors that say so."""
    with pytest.raises(ValueError, match="unknown kind"):
        make_clip(1, kind="unicorn")
    with pytest.raises(ValueError, match="16 pixels"):
        make_clip(1, frames=0)
    with pytest.raises(ValueError, match="16 pixels"):
        make_clip(1, size_hw=(8, 64))


def test_display_transform_inverts_below_its_knee():
    """Display codes decoded and encoded comes back to the code, up to where highlights begin to roll off."""
    codes = np.arange(0, 216, dtype=np.uint8)
    assert np.abs(to_display(to_linear(codes.astype(np.float32) / 255)).astype(int) - codes).max() <= 1
    ramp = to_display(np.linspace(0, 16, 2000, dtype=np.float32)).astype(int)
    assert np.all(np.diff(ramp) >= 0)
    assert ramp[-1] >= 253


def test_noise_tiles_and_keeps_its_shape_at_any_size():
    """The noise wraps without a seam, and a larger sheet is the same sheet."""
    small, large = fbm(child(5), 64, 4, 4), fbm(child(5), 256, 4, 4)
    reduced = cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(small - reduced).mean() < 0.03
    assert np.abs(large[:, 0] - large[:, -1]).mean() < 2 * np.abs(np.diff(large, axis=1)).mean()


def test_paths_start_where_placed_and_never_jump():
    """A path begins at its start and moves by small steps."""
    for seed in range(12):
        path = Path(child(seed), (0.4, 0.6), Gait.draw(child(seed, 1)), 60.0)
        assert path.position(0.0) == pytest.approx((0.4, 0.6))
        spots = np.array([path.position(t / 4) for t in range(240)])
        assert np.abs(np.diff(spots, axis=0)).max() < 0.06
