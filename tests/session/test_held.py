from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.contract.held import HeldMask
from engine.contract.shot import Point, ShotObject
from engine.session.held import Held, share_around
from engine.session.session import ShotSession

LEFT = ShotObject("left", (Point(1, 32, 36),))
RIGHT = ShotObject("right", (Point(1, 70, 30),))
WIDTH, HEIGHT = 96, 72

pytestmark = pytest.mark.usefixtures("one_thread")


def square(value: float = 1.0) -> np.ndarray:
    """Give a mask whose middle holds a value."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[20:50, 20:60] = value
    return mask


def reading(**masks):
    """Give a reader that knows masks by their paths and refuses others; it counts what it reads."""

    def read(held, frame, size):
        assert size == (WIDTH, HEIGHT)
        read.frames.append(frame)
        mask = masks[held.path]
        return 1 - mask if held.invert else mask

    read.frames = []
    return read


def holding(thing, *held):
    """Give the object held to masks."""
    return replace(thing, held=held)


def alphas(session):
    """Track, and give alphas by frame and object."""
    return {(f.frame, name): one.alpha_hw for f in session.track() for name, one in f.objects.items()}


def test_core_and_garbage_bound_the_matte_and_leave_the_rest(model, plates, shot_of):
    """Inside core alpha is 1, inside garbage 0, half-way half; elsewhere every bit is as it was."""
    with ShotSession(model, shot_of(1, 3, LEFT), plates) as session:
        before = alphas(session)
    for kind, inside in (("core", 1.0), ("garbage", 0.0)):
        thing = holding(LEFT, HeldMask(kind, "mask", 2, 2))
        with ShotSession(model, shot_of(1, 3, thing), plates, read_held=reading(mask=square())) as session:
            after = alphas(session)
        within = square() == 1
        assert (after[2, "left"][within] == inside).all()
        assert np.array_equal(after[2, "left"][~within], before[2, "left"][~within])
        assert all(np.array_equal(after[frame, "left"], before[frame, "left"]) for frame in (1, 3))
    soft = holding(LEFT, HeldMask("core", "core"), HeldMask("garbage", "garbage"))
    read = reading(core=square(0.25), garbage=square(0.5))
    with ShotSession(model, shot_of(1, 1, soft), plates, read_held=read) as session:
        found = alphas(session)[1, "left"]
    assert np.array_equal(found[20:50, 20:60], np.clip(before[1, "left"][20:50, 20:60], 0.25, 0.5))


def test_core_and_garbage_stand_in_the_trimap(model, plates, shot_of):
    """The trimap that is given out says in where core is and out where garbage is."""
    for kind, inside in (("core", 1.0), ("garbage", 0.0)):
        thing = holding(LEFT, HeldMask(kind, "mask"))
        with ShotSession(model, shot_of(1, 1, thing), plates, read_held=reading(mask=square())) as session:
            (mattes,) = session.track()
        assert (mattes.objects["left"].trimap_hw[square() == 1] == inside).all()


def test_an_inverted_mask_holds_what_it_leaves_out(model, plates, shot_of):
    """An inverted garbage mask removes everything outside it."""
    thing = holding(LEFT, HeldMask("garbage", "mask", invert=True))
    with ShotSession(model, shot_of(1, 1, thing), plates, read_held=reading(mask=square())) as session:
        assert not alphas(session)[1, "left"][square() == 0].any()


def test_a_stroke_makes_one_frame_anew_and_tracks_nothing(model, plates, shot_of, encoder):
    """A mask put on a tracked frame changes it alone and encodes no plate; taking it off undoes it."""
    read = reading(mask=square())
    with ShotSession(model, shot_of(1, 5, LEFT), plates, read_held=read) as session:
        before = alphas(session)
        encoded = encoder.plates
        assert session.edit((holding(LEFT, HeldMask("unknown", "mask", 3, 3)),)) == (3,)
        assert list(alphas(session)) == [(3, "left")]
        assert read.frames == [3]
        assert session.edit((LEFT,)) == (3,)
        again = alphas(session)
        assert list(again) == [(3, "left")]
        assert np.array_equal(again[3, "left"], before[3, "left"])
        assert encoder.plates == encoded


def test_the_model_starts_from_the_artists_trimap(model, plates, shot_of):
    """A trimap of the artist's own takes the tracker's place: the matte is 1 and 0 exactly where it says so."""
    own = square(0.5)
    own[:10], own[-5:] = 1.0, 0.0
    thing = holding(LEFT, HeldMask("trimap", "own", 2, 2))
    with ShotSession(model, shot_of(1, 2, thing), plates, read_held=reading(own=own)) as session:
        found = {f.frame: f.objects["left"] for f in session.track()}
        assert np.array_equal(found[2].trimap_hw, own)
        assert (found[2].alpha_hw[own == 1] == 1).all()
        assert (found[2].alpha_hw[own == 0] == 0).all()
        assert not np.array_equal(found[1].trimap_hw, own)
        trimaps = {f.frame: f.objects["left"].trimap_hw for f in _again(session).track_trimaps()}
    assert np.array_equal(trimaps[2], own)


def _again(session):
    session.want((1, 2))
    return session


def test_strokes_are_matted_although_alphas_are_kept(model, plates, shot_of):
    """Of several objects, one with a new stroke is matted from its new trimap, not found among the kept alphas."""
    with ShotSession(model, shot_of(1, 1, LEFT, RIGHT), plates, read_held=reading(mask=square())) as session:
        list(session.track())
        session.edit((holding(LEFT, HeldMask("unknown", "mask")), RIGHT))
        (mattes,) = session.track()
    assert (mattes.objects["left"].trimap_hw[square() == 1] == 0.5).all()


def test_cores_keep_their_share():
    """Where objects overlap, a core stays whole and the others make room; without cores they share as ever."""
    one, two = torch.full((1, 1, 2, 2), 0.9), torch.full((1, 1, 2, 2), 0.6)
    core = torch.tensor([[1.0, 0.0], [0.5, 0.0]])[None, None]
    held = Held([("core", core)])
    shared = share_around([held.clamped(one.clone()), two.clone()], [held.core(), None])
    plain = share_around([one.clone(), two.clone()], [None, None])
    assert shared[0][0, 0, 0, 0] == 1
    assert shared[1][0, 0, 0, 0] == 0
    assert shared[0][0, 0, 1, 0] >= 0.5
    torch.testing.assert_close(sum(shared), torch.ones(1, 1, 2, 2))
    assert torch.equal(shared[0][..., 1], plain[0][..., 1])
    assert torch.equal(shared[1][..., 1], plain[1][..., 1])


def test_two_cores_of_one_pixel_share_it():
    """Where two objects are both said to be surely there, they sum to 1."""
    full = torch.ones(1, 1, 1, 1)
    shared = share_around([full, full.clone()], [full, full])
    assert [float(one) for one in shared] == [0.5, 0.5]
