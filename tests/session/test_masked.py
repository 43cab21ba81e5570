from dataclasses import replace

import numpy as np
import pytest
from small_model import SMALL, lively

from engine.contract.held import HeldMask
from engine.contract.shot import Point, ShotObject
from engine.model.config import PictureTrimapConfig
from engine.session.session import ShotSession

WIDTH, HEIGHT = 96, 72
ROTO = ShotObject("left", (), (HeldMask("mask", "roto"),))
RIGHT = ShotObject("right", (Point(1, 70, 30),))

pytestmark = pytest.mark.usefixtures("one_thread")


def disc(frame: int) -> np.ndarray:
    """Give the mask of the left disc that `NoisyPlates` draws."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return ((x - 30 - frame % 7) ** 2 + (y - 36) ** 2 < 15**2).astype(np.float32)


def read(held, frame, size):
    """Read the disc's mask; one called `soft` is grey between columns 60 and 70, one called `empty` says nothing."""
    assert size == (WIDTH, HEIGHT)
    mask = disc(frame)
    if held.path == "soft":
        mask[:, 60:70] = 0.3
    return np.zeros_like(mask) if held.path == "empty" else mask


def found(session, **skip):
    """Track, and give the mattes by frame."""
    return {mattes.frame: mattes.objects for mattes in session.track(**skip)}


def same(one, other):
    """Tell whether two mattes are equal to the bit."""
    layers = ("alpha_hw", "trimap_hw", "mask_hw")
    return all(np.array_equal(getattr(one, layer), getattr(other, layer)) for layer in layers)


@pytest.fixture
def session_of(model, plates, shot_of):
    """Open a session on objects."""

    def build(*objects, last=5):
        return ShotSession(model, shot_of(1, last, *objects), plates, read_held=read)

    return build


def test_masks_become_mattes_without_tracking(session_of, monkeypatch):
    """Every matte is made of its own plate and mask: nothing is remembered, and a frame alone comes out the same."""
    with session_of(ROTO) as session:
        monkeypatch.setattr(session.model, "remember", None)
        whole = found(session)
    assert list(whole) == [1, 2, 3, 4, 5]
    assert all(len(np.unique(objects["left"].trimap_hw)) > 1 for objects in whole.values())
    assert np.array_equal(whole[2]["left"].mask_hw > 0.5, disc(2) > 0.5)
    with session_of(ROTO) as session:
        alone = found(session, skip=lambda frame: frame != 4)
        shown = session.preview(2)
    assert list(alone) == [4]
    assert same(alone[4]["left"], whole[4]["left"])
    assert same(shown.objects["left"], whole[2]["left"])


def test_beside_a_tracked_object_nothing_changes(session_of):
    """An object with masks stands beside a tracked one, and neither is other than it is alone."""
    with session_of(ROTO, RIGHT) as both, session_of(ROTO) as left, session_of(RIGHT) as right:
        together, masked, tracked = found(both), found(left), found(right)
    assert set(together) == set(masked) == set(tracked)
    for frame, objects in together.items():
        assert np.array_equal(objects["left"].trimap_hw, masked[frame]["left"].trimap_hw)
        assert np.array_equal(objects["right"].trimap_hw, tracked[frame]["right"].trimap_hw)


@pytest.mark.parametrize("trimap_from", ["picture", "uncertainty"])
def test_trackers_as_published_take_masks_too(plates, shot_of, monkeypatch, trimap_from):
    """Without a trained trimap branch the picture's network or the band makes the trimap, and nothing is encoded."""
    picture = PictureTrimapConfig((8, 8, 8, 8, 16), (0, 1, 1, 1, 1), 64) if trimap_from == "picture" else None
    model = lively(replace(SMALL, trimap_from=trimap_from, trimap=picture))
    monkeypatch.setattr(model, "encode", None)
    with ShotSession(model, shot_of(1, 2, ROTO), plates, read_held=read) as session:
        mattes = found(session)
    for frame in (1, 2):
        trimap = mattes[frame]["left"].trimap_hw
        assert trimap.any()
        assert not trimap[:4].any()


def test_an_empty_mask_and_none_are_empty_mattes(session_of):
    """Where a mask says nothing, or none holds on a frame, the matte is empty."""
    empty = replace(ROTO, held=(HeldMask("mask", "empty", 1, 2), HeldMask("mask", "roto", 4)))
    with session_of(empty) as session:
        mattes = found(session)
    assert not any(mattes[frame]["left"].alpha_hw.any() for frame in (1, 2, 3))
    assert mattes[4]["left"].alpha_hw.any()


def test_a_soft_mask_is_looked_at(session_of):
    """Where the mask itself is grey the trimap says unknown, on every such pixel."""
    with session_of(ROTO, last=1) as hard, session_of(replace(ROTO, held=(HeldMask("mask", "soft"),)), last=1) as soft:
        plain, grey = found(hard)[1]["left"], found(soft)[1]["left"]
    assert (grey.trimap_hw[:, 60:70] == 0.5).all()
    assert np.array_equal(np.delete(grey.trimap_hw, slice(60, 70), 1), np.delete(plain.trimap_hw, slice(60, 70), 1))


def test_another_mask_makes_its_own_frames_anew(session_of):
    """An edit of masks touches the frames whose mask changes; tracking instead touches all."""
    with session_of(ROTO) as session:
        before = found(session)
        assert session.edit((replace(ROTO, held=(*ROTO.held, HeldMask("mask", "soft", 2, 3))),)) == (2, 3)
        assert list(found(session)) == [2, 3]
        assert session.edit((ROTO,)) == (2, 3)
        again = found(session)
        assert session.edit((ShotObject("left", (Point(1, 30, 36),)),)) == (1, 2, 3, 4, 5)
        assert list(found(session)) == [1, 2, 3, 4, 5]
    assert all(same(again[frame]["left"], before[frame]["left"]) for frame in (2, 3))
