"""What becomes of a worker's jobs while plates, prompts and mask files change under them."""

import numpy as np
import pytest
from running_engine import CUP, SIZE
from worker_bench import FRAMES

from engine.contract.errors import OutputError
from engine.contract.shot import MaskPrompt, Point, Settings, ShotObject
from engine.media.matte_files import read_signature, write_exr
from engine.media.mattes import MatteWriter
from engine.model.mam2 import MAM2
from engine.service.declaration import Declaration
from engine.service.worker.runs import MOST


def test_a_plate_replaced_under_its_track_makes_it_begin_anew(bench):
    """Replacing a plate that a track has used leaves the mattes that tracking the new plates from nothing makes."""
    fresh = bench()
    fresh.declare()
    fresh.put(1001, 77)
    fresh.begin()
    fresh.finish()
    disturbed = bench()
    disturbed.declare()
    disturbed.begin()
    for _ in range(2):
        disturbed.worker.work()
    disturbed.put(1001, 77)
    disturbed.poke(1001)
    disturbed.finish()
    assert disturbed.last()["is"] == "done"
    assert disturbed.right() == list(FRAMES)
    assert disturbed.frames()[:3] == [1001, 1002, 1001]
    assert all(np.array_equal(*pair) for pair in zip(disturbed.mattes(), fresh.mattes(), strict=True))


def test_a_plate_that_comes_twice_alike_changes_nothing(bench):
    """Sending the same plate again under a track neither begins it anew nor makes a matte twice."""
    one = bench()
    one.declare()
    one.begin()
    one.worker.work()
    one.put(1001, 1001)
    one.poke(1001)
    one.finish()
    assert one.frames() == list(FRAMES)


def test_a_matte_is_signed_with_the_plate_that_it_is_of(bench, monkeypatch):
    """A plate replaced between its reading and its matte's writing leaves a matte that is known to be stale."""
    one = bench()
    one.declare()
    one.begin()
    encode = MAM2.encode

    def slow(self, square):
        features = encode(self, square)
        one.put(1001, 77)
        monkeypatch.setattr(MAM2, "encode", encode)
        return features

    monkeypatch.setattr(MAM2, "encode", slow)
    one.worker.work()
    assert one.frames() == [1001]
    assert one.right() == []
    one.poke(1001)
    one.finish()
    assert one.right() == list(FRAMES)


def test_a_frame_is_told_once_its_mattes_are_on_disk(bench, monkeypatch):
    """Whenever a worker tells of a frame, that frame's mattes are there and whole."""
    one, found = bench(), []
    say = one.worker._say

    def listening(news):
        if news["is"] == "frame":
            found.append(read_signature(one.store.shot("sh").matte(news["frame"])) is not None)
        say(news)

    monkeypatch.setattr(one.worker, "_say", listening)
    one.declare()
    one.begin()
    one.finish()
    assert found == [True] * len(FRAMES)


@pytest.mark.parametrize("look", [False, True])
def test_a_frame_that_cannot_be_written_fails_its_job(bench, monkeypatch, look):
    """A failed write ends its job, though a frame was looked at meanwhile; the next job makes what is missing."""
    write, refused = MatteWriter.write, {1002}

    def writing(self, frame, *rest, **more):
        if frame in refused:
            raise OutputError("output.full_disk", "The disk is full.", "Make room.")
        return write(self, frame, *rest, **more)

    monkeypatch.setattr(MatteWriter, "write", writing)
    one = bench()
    one.declare()
    one.begin()
    one.worker.work()
    one.worker.work()
    if look:
        one.begin("look", kind="preview", frame=1004)
    one.finish()
    assert one.frames() == [1001]
    assert (one.last()["is"], one.last()["error"]["code"]) == ("failed", "output.full_disk")
    refused.clear()
    one.begin("again")
    one.finish()
    assert (one.frames("again", kept=True), one.frames("again")) == ([1001], [1002, 1003, 1004])
    assert one.right() == list(FRAMES)


def test_both_directions_share_what_the_encoder_made(bench, monkeypatch):
    """A shot tracked forward and then backward encodes every plate once, and a replaced plate alone once more."""
    encoded = []
    encode = MAM2.encode
    monkeypatch.setattr(MAM2, "encode", lambda self, square: encoded.append(1) or encode(self, square))
    one = bench()
    one.declare(objects=(ShotObject("cup", (Point(1004, 20.0, 24.0), Point(1001, 20.0, 24.0))),))
    one.begin("forth", direction="forward")
    one.finish()
    one.begin("back", direction="backward")
    one.finish()
    assert one.last("back")["is"] == "done"
    assert len(encoded) == len(FRAMES)
    one.put(1002, 77)
    one.begin("again", direction="backward")
    one.finish()
    assert len(encoded) == len(FRAMES) + 1


def test_a_preview_does_not_turn_a_track_round(bench):
    """A preview of the declared direction amid a track of another one leaves the track its own way."""
    one = bench()
    one.declare(direction="both", objects=(ShotObject("cup", (Point(1003, 20.0, 24.0),)),))
    one.begin("track", direction="forward")
    one.worker.work()
    one.begin("look", kind="preview", frame=1002)
    one.finish()
    assert one.last("look")["is"] == "done"
    assert one.frames("track") == [1003, 1004]


def test_prompts_given_under_a_track_are_tracked_by_it(bench):
    """A track whose prompts change on its way ends with mattes that are right by the new ones."""
    one = bench()
    one.declare()
    one.begin()
    for _ in range(3):
        one.worker.work()
    corrected = (ShotObject("cup", (*CUP[0].prompts, Point(1003, 50.0, 40.0, positive=False))),)
    one.store.declare("sh", Declaration(1001, 1004, *SIZE, Settings(direction="forward"), objects=corrected))
    one.poke(None)
    one.finish()
    assert one.frames() == [1001, 1002, 1003, 1003, 1004]
    assert one.right() == list(FRAMES)


def test_a_mask_file_that_changes_is_read_again(bench, tmp_path):
    """A mask prompt's file counts by its contents: changed under its name, it makes other mattes at the next track."""
    mask = tmp_path / "mask.exr"
    left = np.zeros(SIZE[::-1], np.float32)
    left[:, :32] = 1
    write_exr(mask, {"Y": left}, "")
    one = bench()
    one.declare(objects=(ShotObject("cup", (MaskPrompt(1001, str(mask)),)),))
    one.begin("first")
    one.finish()
    before = one.mattes()
    write_exr(mask, {"Y": 1 - left}, "")
    assert one.right() == []
    one.begin("second")
    one.finish()
    assert one.frames("second") == list(FRAMES)
    assert not np.array_equal(one.mattes()[0], before[0])
    mask.unlink()
    assert one.right() == []


def test_more_shots_than_are_held_all_come_to_their_end(bench):
    """However many shots are tracked at once, each gets all its mattes."""
    one = bench()
    names = [f"s{number}" for number in range(MOST + 2)]
    for name in names:
        one.declare(name, frames=range(1001, 1003))
        one.begin(name, name)
    one.finish()
    assert all(one.last(name)["is"] == "done" for name in names)
