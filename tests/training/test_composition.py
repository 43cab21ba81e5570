"""Composition: alpha stays exact in linear light, motion is smooth, trimaps know only what is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.training.composition.layers import (
    Grade,
    Layer,
    Stretched,
    compose,
    film,
    opaque,
    premultiplied,
    shrunk,
    through_codec,
    to_srgb,
)
from engine.training.composition.scenes import eroded_trimap
from engine.training.composition.travel import Travel, View, camera_path, draw_placing, foreground_path

SIZE = 48
PLAIN = Grade.neutral()


def still(time):
    """A move that leaves every pixel where it is."""
    del time
    return np.array([[1.0, 0, 0], [0, 1.0, 0]])


def slide(pixels):
    """A move to the right of some pixels a frame."""
    return lambda time: np.array([[1.0, 0, pixels * time], [0, 1.0, 0]])


def noise(seed, *shape):
    """Bytes of chance."""
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def linear(codes):
    """The sRGB standard's decoding, in double precision, written once more."""
    value = codes.astype(float) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def layer(seed, move=still, *, grade=PLAIN):
    """A foreground of noise with an alpha of noise; also its plate and alpha."""
    plate, alpha = noise(seed, SIZE, SIZE, 3), noise(seed + 1, SIZE, SIZE)
    return Layer([premultiplied(plate, alpha, grade)] * 4, move, mirrors=False), linear(plate), alpha / 255


def ground(seed, alphas=0):
    """A background of noise, with alphas of its own."""
    plate, labels = noise(seed, SIZE, SIZE, 3), noise(seed + 1, alphas, SIZE, SIZE)
    return Layer([opaque(plate, labels, PLAIN)] * 4, still, mirrors=True), linear(plate), labels / 255


def test_srgb_there_and_back_is_exact():
    """Every code of 8 bits comes back from linear light as itself."""
    codes = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert np.array_equal(to_srgb(PLAIN.apply(codes)), codes)


def test_a_composite_is_the_formula_in_linear_light():
    """A plate is foreground * alpha + background * (1 - alpha) in linear light, and its alpha is the one on disk."""
    (front, colour, alpha), (back, behind, _) = layer(1), ground(5)
    scene = compose(back, [[front]], frames=1, size=SIZE, shutter=0.5)
    expected = colour * alpha[..., None] + behind * (1 - alpha[..., None])
    assert np.abs(scene.plates_thwc[0] - expected).max() < 1e-5
    assert np.array_equal(np.round(scene.alpha_nthw[0, 0] * 255), alpha * 255)


def test_alpha_is_what_can_be_seen():
    """An object behind another keeps the alpha that shows through it; so do the background's own objects."""
    (low, _, a), (high, _, b), (back, _, own) = layer(1), layer(3), ground(5, alphas=2)
    scene = compose(back, [[low], [high]], frames=1, size=SIZE, shutter=0)
    expected = [*(own * (1 - a) * (1 - b)), a * (1 - b), b]
    assert np.abs(scene.alpha_nthw[:, 0] - expected).max() < 1e-6


def test_merging_makes_one_foreground_of_two():
    """Two merged foregrounds have the alpha 1 - (1 - a)(1 - b) and look as the two did."""
    (low, _, a), (high, _, b), (back, _, _) = layer(1), layer(3), ground(5)
    one = compose(back, [[low, high]], frames=1, size=SIZE, shutter=0)
    two = compose(back, [[low], [high]], frames=1, size=SIZE, shutter=0)
    assert np.abs(one.alpha_nthw[0, 0] - (1 - (1 - a) * (1 - b))).max() < 1e-6
    assert np.abs(one.plates_thwc - two.plates_thwc).max() < 1e-6


def test_whole_pixels_of_travel_move_pixels_unchanged():
    """A layer that travels by whole pixels is the same layer, shifted."""
    front, _, alpha = layer(1, slide(3))
    shown = front.render(2, 0.0, SIZE)[..., 3]
    assert np.abs(shown[:, 6:] - alpha[:, :-6]).max() < 1e-6
    assert not shown[:, :6].any()


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_pixel_corners_are_whole_numbers(scale):
    """A layer shown larger or smaller covers what its matrix says when whole numbers are pixel corners."""
    picture = np.zeros((SIZE, SIZE, 4), np.float32)
    picture[4:12, 6:10] = 1

    def move(time):
        del time
        return np.array([[scale, 0, 0], [0, scale, 0]])

    alpha = Layer([picture], move, mirrors=False).render(0, 0.0, SIZE)[..., 3]
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    assert (alpha * columns).sum() / alpha.sum() == pytest.approx(8 * scale, abs=0.02)
    assert (alpha * rows).sum() / alpha.sum() == pytest.approx(8 * scale, abs=0.02)


def test_motion_blur_gives_the_exact_ramp():
    """An edge that travels 8 pixels while the shutter is open becomes a straight ramp of 8 pixels, colour with it."""
    alpha = np.zeros((SIZE, SIZE), np.uint8)
    alpha[:, :24] = 255
    front = Layer([premultiplied(np.full((SIZE, SIZE, 3), 200, np.uint8), alpha, PLAIN)] * 2, slide(8), mirrors=False)
    back = Layer([opaque(np.full((SIZE, SIZE, 3), 30, np.uint8), alpha[None][:0], PLAIN)] * 2, still, mirrors=True)
    scene = compose(back, [[front]], frames=1, size=SIZE, shutter=1.0)
    row = scene.alpha_nthw[0, 0, SIZE // 2]
    assert np.allclose(row[20:28], 1 - (np.arange(8) + 0.5) / 8, atol=1e-6)
    assert np.all(row[28:] == 0)
    mixed = linear(np.array(200)) * row + linear(np.array(30)) * (1 - row)
    assert np.abs(scene.plates_thwc[0, SIZE // 2, :, 0] - mixed).max() < 1e-6


def test_what_stands_still_does_not_blur():
    """A shutter, however long, leaves a layer alone that does not move."""
    front, _, _ = layer(1)
    assert np.array_equal(front.render(1, 0.9, SIZE), front.render(1, 0.0, SIZE))


@pytest.mark.parametrize("scale", [0.23, 0.5, 0.9])
def test_a_layer_made_smaller_first_stands_where_it_stood(scale):
    """Shrinking a picture before it is placed moves it by less than a tenth of a pixel and keeps its area."""
    big = np.zeros((200, 200, 4), np.float32)
    big[41:131, 60:171] = 1

    def move(time):
        del time
        return np.array([[scale, 0, 1.5], [0, scale, 0.0]])

    small, fitted = shrunk(big, move, scale)
    assert isinstance(fitted, Stretched)
    alpha = Layer([small], fitted, mirrors=False).render(0, 0, 200)[..., 3]
    rows, columns = np.mgrid[:200, :200] + 0.5
    assert alpha.sum() == pytest.approx(90 * 111 * scale**2, rel=0.01)
    assert (alpha * columns).sum() / alpha.sum() == pytest.approx(115.5 * scale + 1.5, abs=0.1)
    assert (alpha * rows).sum() / alpha.sum() == pytest.approx(86 * scale, abs=0.1)


def travels(count=40, frames=24):
    """Foregrounds' travels by seed."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        path = foreground_path(rng, frames, moves_itself=bool(seed % 2))
        yield Travel((20, 20), draw_placing(rng), path, 1.0, View(SIZE, 16 / 9))


def where(travel, time):
    """The place of a picture's corner at a time, in pixels."""
    return travel(time) @ [0, 0, 1]


def test_motion_has_no_jumps():
    """Every path is continuous: halving the time between two looks about halves the longest step, at any time."""
    for travel in travels():
        steps = []
        for count in (24 * 8, 24 * 16):
            places = np.array([where(travel, time) for time in np.linspace(0, 24, count + 1)])
            steps.append(np.hypot(*np.diff(places, axis=0).T).max())
        assert steps[1] < 0.6 * steps[0] + 1e-9
        assert steps[0] < 0.1 * SIZE


def test_motion_pauses():
    """Some foregrounds rest for several frames on their way, others never do, and many travel far."""
    speeds = [
        [np.hypot(*(where(travel, t + 0.5) - where(travel, t - 0.5))) for t in range(1, 23)] for travel in travels()
    ]
    rests = sum(bool(min(np.convolve(s, np.ones(4) / 4, "valid")) < 0.15) for s in speeds)
    assert 5 < rests < 39
    assert sum(max(s) > 0.5 for s in speeds) > 14


def test_a_camera_that_stands_still_stands_still():
    """Many real clips keep their own frames unmoved."""
    paths = [camera_path(np.random.default_rng(seed), 24, moves_itself=True) for seed in range(40)]
    still_ones = [path for path in paths if all(path(t) == path(0.0) for t in range(24))]
    assert 20 < len(still_ones) < 38


@pytest.mark.parametrize("seed", range(20))
def test_a_closer_look_finds_its_spot(seed):
    """A closer view has its spot inside, and never leaves the plate."""
    rng = np.random.default_rng(seed)
    view = View(SIZE, float(rng.uniform(0.7, 2)))
    spot = (float(rng.uniform(0.02, 0.98)), float(rng.uniform(0.02, 0.98)))
    closer = view.towards(rng, spot)
    height, width = view.plate_hw
    x, y, _ = closer.matrix() @ [spot[0] * width, spot[1] * height, 1]
    assert 0 <= x <= SIZE
    assert 0 <= y <= SIZE
    left, top, _ = closer.matrix() @ [0, 0, 1]
    right, bottom, _ = closer.matrix() @ [width, height, 1]
    assert max(left, top) <= 1e-6
    assert min(right, bottom) >= SIZE - 1e-6
    assert closer.zoom > 1
    assert replace(closer, centre=view.centre, zoom=1.0) == view


def test_a_trimap_knows_only_what_is_certain():
    """Foreground is alpha 1 and background alpha 0 to one code; the inside of a translucent thing is unknown."""
    alpha = np.zeros((200, 200), np.uint8)
    alpha[20:90, 20:90] = 255
    alpha[110:180, 110:180] = 120
    trimap = eroded_trimap(alpha, np.random.default_rng(0))
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert np.all(alpha[trimap == 255] == 255)
    assert np.all(alpha[trimap == 0] == 0)
    assert np.all(trimap[110:180, 110:180] == 128)


def test_trimaps_are_worn_by_chance_and_by_seed():
    """Each draw erodes by another width, inside and outside for themselves; one seed draws the same."""
    alpha = np.zeros((320, 320), np.uint8)
    alpha[80:240, 80:240] = 255
    widths = set()
    for seed in range(12):
        trimap = eroded_trimap(alpha, np.random.default_rng(seed))
        assert np.array_equal(trimap, eroded_trimap(alpha, np.random.default_rng(seed)))
        widths.add((int((trimap[160] == 255).sum()), int((trimap[160] == 0).sum())))
    assert len(widths) > 8


def test_grades_are_many_and_follow_their_seed():
    """A grade is the same for one seed, another for another, and stays within what a plate can show."""
    plate = noise(1, 8, 8, 3)
    looks = [Grade.draw(np.random.default_rng(seed)).apply(plate) for seed in range(8)]
    assert np.array_equal(looks[3], Grade.draw(np.random.default_rng(3)).apply(plate))
    assert all(np.abs(a - b).mean() > 0.005 for i, a in enumerate(looks) for b in looks[i + 1 :])
    assert all(0 <= look.min() <= look.max() <= 1 for look in looks)


def test_film_adds_grain_to_some_clips_and_leaves_others():
    """Half of all clips are only encoded; the others get grain or compression; a seed decides."""
    clip = np.full((3, 32, 32, 3), 0.2, np.float32)
    plain = to_srgb(clip)
    filmed = [film(clip, np.random.default_rng(seed)) for seed in range(24)]
    assert np.array_equal(filmed[5], film(clip, np.random.default_rng(5)))
    assert 6 < sum(np.array_equal(plates, plain) for plates in filmed) < 18
    assert all(plates.shape == plain.shape and plates.dtype == np.uint8 for plates in filmed)


def test_a_codec_keeps_frames_and_order():
    """Compression changes pixels a little, and neither the number nor the order of frames."""
    rows, columns = np.mgrid[:64, :64]
    clip = np.stack([np.dstack([rows * 2, columns * 2, np.full_like(rows, 30 * t)]) for t in range(6)]).astype(np.uint8)
    coded = through_codec(clip, coarseness=6)
    assert coded.shape == clip.shape
    assert 0 < np.abs(coded.astype(int) - clip).mean() < 6


@pytest.mark.parametrize("size", [32, 64])
def test_a_codec_gives_the_same_bits_again(size):
    """A clip compresses to the same pixels every time, whatever lay in memory before."""
    clip = np.clip(np.random.default_rng(35).normal(0, 6, (3, size, size, 3)).cumsum(2) + 128, 0, 255).astype(np.uint8)
    first = through_codec(clip, coarseness=12)
    for n in range(20):
        litter = [np.full((1000 + 100 * n + k, 10), 37 * k % 255, np.uint8) for k in range(20)]
        assert np.array_equal(through_codec(clip, coarseness=12), first), len(litter)
