"""Smoothing over time: less flicker, no smear, and a frame is the same however it is made."""

import cv2
import numpy as np
import pytest
import torch

from engine.contract.finesse import Finesse
from engine.contract.shot import Point, ShotObject
from engine.session.results import FrameMattes, ObjectMatte
from engine.session.session import ShotSession
from engine.session.temporal import Unfinished, guide_of, smoothed

LEFT = ShotObject("left", (Point(2, 32, 36),))
RIGHT = ShotObject("right", (Point(4, 70, 30),))
STEADY = Finesse(temporal=True)
SIZE = (120, 160)

pytestmark = pytest.mark.usefixtures("one_thread")


def texture():
    """Give a plate (H, W, 3) with something to follow in it."""
    noise = np.random.default_rng(3).random((*SIZE, 3), np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    return (blurred - blurred.min()) / np.ptp(blurred)


def frame(number, alpha, plate):
    """Give a frame as the matting model would leave it."""
    mattes = FrameMattes(number, {"a": ObjectMatte(alpha, lambda: alpha, lambda: alpha)})
    return Unfinished(mattes, guide_of(torch.from_numpy(plate.transpose(2, 0, 1).copy())[None]), {})


def soft_square(level):
    """Give alpha of one level within 0, with a hard core of 1."""
    alpha = np.zeros(SIZE, np.float32)
    alpha[30:90, 40:120] = level
    alpha[50:70, 60:100] = 1
    return alpha


def test_flicker_goes_and_what_is_certain_stays():
    """A level that differs on one frame of still plates comes near the mean with weights 1, 2, 1; 0 and 1 stay."""
    plate = texture()
    frames = [frame(n, soft_square(level), plate) for n, level in enumerate((0.45, 0.55, 0.45))]
    done = smoothed(frames[1], [frames[0], frames[2]])["a"]
    inner = done[35:45, 45:115]
    assert 0.5 <= inner.min() <= inner.max() < 0.54
    own = soft_square(0.55)
    assert np.array_equal(done[own == 0], own[own == 0])
    assert np.array_equal(done[own == 1], own[own == 1])


def test_alpha_that_moves_with_its_plate_keeps_its_shape():
    """A matte that moves by some pixels a frame, as its plate does, is not smeared along its way."""
    moved = [np.roll(texture(), 3 * step, axis=1) for step in range(3)]
    alphas = [np.roll(cv2.GaussianBlur(soft_square(0.5), (0, 0), 2), 3 * step, axis=1) for step in range(3)]
    frames = [frame(n, alpha, plate) for n, (alpha, plate) in enumerate(zip(alphas, moved, strict=True))]
    done = smoothed(frames[1], [frames[0], frames[2]])["a"]
    assert np.abs(done - alphas[1])[:, 20:-20].mean() < 0.1 * np.abs(alphas[0] - alphas[1])[:, 20:-20].mean()


def test_a_cut_is_left_alone():
    """Where the plates have nothing to do with each other, alpha stays as it was."""
    plate = texture()
    own = frame(1, soft_square(0.5), plate)
    done = smoothed(own, [frame(0, soft_square(0.6), 1 - plate)])["a"]
    assert np.abs(done - soft_square(0.5)).max() < 0.04


def test_motion_does_not_depend_on_threads():
    """One thread and several find the same motion, to the bit: a farm's tasks may have any number."""
    frames = [frame(n, soft_square(0.5 + 0.05 * n), np.roll(texture(), 2 * n, axis=1)) for n in range(2)]
    before = cv2.getNumThreads()
    try:
        found = []
        for count in (1, 4):
            cv2.setNumThreads(count)
            found.append(smoothed(frames[0], frames[1:])["a"])
    finally:
        cv2.setNumThreads(before)
    assert np.array_equal(*found)


def test_tiny_plates_are_matted_too():
    """Plates in which no motion can be found are compared as they lie."""
    plate = np.full((8, 8, 3), 0.5, np.float32)
    frames = [frame(n, np.full((8, 8), level, np.float32), plate) for n, level in enumerate((0.5, 0.6))]
    assert 0.5 < smoothed(frames[0], frames[1:])["a"][4, 4] < 0.56


def alphas(session, skip=None):
    """Track, and give alphas by frame and object, in the order in which they came."""
    return {(f.frame, name): one.alpha_hw for f in session.track(skip=skip) for name, one in f.objects.items()}


@pytest.fixture
def whole(model, plates, shot_of):
    """Give the smoothed alphas of two objects whose tracks begin on frames 2 and 4 of 1 to 6."""
    with ShotSession(model, shot_of(1, 6, LEFT, RIGHT, finesse=STEADY), plates) as session:
        found = alphas(session)
    with ShotSession(model, shot_of(1, 6, LEFT, RIGHT), plates) as session:
        plain = alphas(session)
    assert found.keys() == plain.keys()
    assert any(not np.array_equal(found[key], plain[key]) for key in found)
    return found


@pytest.mark.parametrize("wanted", [{3}, {1, 2}, {6}, {2, 5}])
def test_any_part_of_a_shot_is_the_same(model, plates, shot_of, whole, wanted):
    """Frames that are made while others are skipped are those of the whole shot, to the bit, and no others come."""
    with ShotSession(model, shot_of(1, 6, LEFT, RIGHT, finesse=STEADY), plates) as session:
        found = alphas(session, lambda frame: frame not in wanted)
    assert {frame for frame, _ in found} == wanted
    assert all(np.array_equal(alpha, whole[key]) for key, alpha in found.items())


def test_a_track_that_is_left_goes_on(model, plates, shot_of, whole):
    """A track that is left after each frame and begun again gives every frame, and the same."""
    found, frames = {}, set()
    with ShotSession(model, shot_of(1, 6, LEFT, RIGHT, finesse=STEADY), plates) as session:
        for _ in range(20):
            given = next(session.track(skip=frames.__contains__), None)
            if given is None:
                break
            frames.add(given.frame)
            found |= {(given.frame, name): one.alpha_hw for name, one in given.objects.items()}
    assert found.keys() == whole.keys()
    assert all(np.array_equal(alpha, whole[key]) for key, alpha in found.items())


def test_a_correction_makes_the_frame_before_it_anew(model, plates, shot_of):
    """A correction changes its own frames and, where time counts, the one before them."""
    corrected = ShotObject("left", (*LEFT.prompts, Point(5, 40, 36)))
    with ShotSession(model, shot_of(1, 6, LEFT, finesse=STEADY), plates) as session:
        alphas(session)
        assert session.edit((corrected,)) == (4, 5, 6)
        again = alphas(session)
    with ShotSession(model, shot_of(1, 6, corrected, finesse=STEADY), plates) as session:
        expected = alphas(session)
    assert {frame for frame, _ in again} == {4, 5, 6}
    assert all(np.array_equal(alpha, expected[key]) for key, alpha in again.items())
