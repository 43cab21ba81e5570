"""Encoding ahead: once a frame, in a thread of its own, while a session tracks the frame before."""

from threading import Barrier, Event, current_thread
from threading import enumerate as threads

import pytest
import torch

from engine.contract.shot import Point, ShotObject
from engine.session.encode_ahead import EncodeAhead
from engine.session.session import ShotSession

CUP = ShotObject("cup", (Point(1, 32, 36),))


@pytest.fixture
def ahead():
    """Give one with nothing under way."""
    ahead = EncodeAhead()
    yield ahead
    ahead.rest()


@pytest.fixture
def _two_at_once(monkeypatch):
    """Have tracks matte two frames at once, whatever threads there are."""
    monkeypatch.setattr("engine.session.session.frames_at_once", lambda *_: 2)


def test_it_goes_on_beside_its_caller(ahead):
    """Encoding and whoever began it can wait for each other."""
    met = Barrier(2, timeout=20)
    ahead.begin(7, met.wait)
    met.wait()
    assert ahead.has(7)
    assert ahead.take(7) in (0, 1)
    assert not ahead.has(7)


def test_a_frame_that_is_under_way_is_not_begun_again(ahead):
    """Begun twice, a frame is encoded once."""
    made = []
    for _ in range(2):
        ahead.begin(7, lambda: made.append(7))
    ahead.take(7)
    assert made == [7]


def test_frames_that_nobody_takes_do_not_gather(ahead):
    """Of frames that were begun and left, the two latest stay."""
    for frame in range(5):
        ahead.begin(frame, lambda: "features")
    assert [frame for frame in range(5) if ahead.has(frame)] == [3, 4]


def test_it_computes_on_one_thread(ahead):
    """However many threads its caller has: so small a network gains nothing by more."""
    ahead.begin(1, lambda: (torch.get_num_threads(), current_thread().name.startswith("mam2-encoder")))
    assert ahead.take(1) == (1, True)


def test_what_goes_wrong_is_heard_once(ahead):
    """What encoding raises is raised when it is taken, and the frame can be begun anew."""
    ahead.begin(1, lambda: int("no number"))
    with pytest.raises(ValueError, match="no number"):
        ahead.take(1)
    ahead.begin(1, lambda: "features")
    assert ahead.take(1) == "features"


def test_at_rest_there_is_no_thread_and_nothing_under_way(ahead):
    """Rest ends its thread and forgets its frames; afterwards it can begin again."""
    ahead.begin(1, lambda: "features")
    ahead.rest()
    assert not ahead.has(1)
    assert not [thread for thread in threads() if thread.name.startswith("mam2-encoder")]
    ahead.begin(1, lambda: "again")
    assert ahead.take(1) == "again"


@pytest.mark.usefixtures("_two_at_once")
def test_the_next_plate_is_encoded_while_a_frame_is_tracked(model, plates, shot_of, monkeypatch):
    """Where frames are matted side by side, the second frame's plate is being encoded before the first is decoded."""
    begun, encode, decode = [], model.encode, model.decode_mask
    second = Event()

    def encoding(plate):
        begun.append(plate)
        if len(begun) == 2:
            second.set()
        return encode(plate)

    def decoding(*given):
        assert second.wait(20)
        return decode(*given)

    monkeypatch.setattr(model, "encode", encoding)
    monkeypatch.setattr(model, "decode_mask", decoding)
    with ShotSession(model, shot_of(1, 4, CUP), plates) as session:
        assert [mattes.frame for mattes in session.track()] == [1, 2, 3, 4]
    assert len(begun) == 4
    assert sorted(plates.reads) == [1, 2, 3, 4]


@pytest.mark.usefixtures("_two_at_once")
def test_what_fails_ahead_is_told_in_its_turn(model, plates, shot_of, monkeypatch):
    """A plate that cannot be encoded ends the track behind the frames before it, and can be encoded afterwards."""
    encode, asked = model.encode, []

    def encoding(plate):
        asked.append(plate)
        if len(asked) == 3:
            raise MemoryError("no room")
        return encode(plate)

    monkeypatch.setattr(model, "encode", encoding)
    with ShotSession(model, shot_of(1, 4, CUP), plates) as session:
        frames = []
        with pytest.raises(MemoryError, match="no room"):
            frames.extend(mattes.frame for mattes in session.track())
        assert frames == [1, 2]
        assert [mattes.frame for mattes in session.track()] == [3, 4]


@pytest.mark.usefixtures("_two_at_once")
def test_a_preview_under_way_costs_no_plate_twice_for_good(model, plates, shot_of):
    """A preview of another frame takes the place of the plates held ready: they are read again, those after are not."""
    with ShotSession(model, shot_of(1, 10, CUP), plates) as session:
        for mattes in session.track():
            if mattes.frame == 1:
                session.preview(10)
    twice = {frame for frame in plates.reads if plates.reads.count(frame) > 1}
    assert max(twice - {10}) <= 5
