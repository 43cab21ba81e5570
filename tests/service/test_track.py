"""What a host gets: plates and prompts go in, mattes come out, the same as without the service."""

import time

import numpy as np
import psutil
import pytest
from running_engine import CUP, SIZE, declare, pixels, write_plate

from engine.cli import run
from engine.contract.errors import EngineError
from engine.contract.shot import Point, ShotObject
from engine.media.matte_files import read_matte

FRAMES = range(1001, 1005)


def _events(client, job):
    return [(event.kind, event.data.get("frame")) for event in client.events(job)]


def test_a_shot_is_tracked_while_its_plates_arrive(client, tmp_path):
    """Plates may come after the job and in both ways; the mattes equal those of `mam2 matte` to the bit."""
    inbox = declare(client)["inbox"]
    job = client.track("sh")
    for frame in FRAMES:
        plate = write_plate(tmp_path, frame)
        if frame % 2:
            client.put_plate("sh", frame, plate)
        else:
            (tmp_path / plate.name).rename(f"{inbox}/{plate.name}")
            client.hand_over("sh", frame, plate.name)
    events = _events(client, job)
    assert [frame for kind, frame in events if kind == "frame"] == list(FRAMES)
    assert events[-1] == ("done", None)
    for frame in FRAMES:
        write_plate(tmp_path, frame)
        client.get_matte("sh", frame, tmp_path / f"ours.{frame}.exr")
    options = ["--object", "cup", "--point", "20,24@1001", "--direction", "forward", "--layers", "alpha,trimap,mask"]
    assert run(["matte", str(tmp_path / "plate.####.exr"), "-o", str(tmp_path / "direct"), *options]) == 0
    for frame in FRAMES:
        ours, direct = (
            read_matte(tmp_path / name) for name in (f"ours.{frame}.exr", f"direct/plate_matte.{frame}.exr")
        )
        assert ours.keys() == direct.keys()
        assert all(np.array_equal(ours[name], direct[name]) for name in ours)
    rows, (height, width) = client.get_layer("sh", 1002, "cup.alpha", origin="bottom-left")
    upside_down = np.frombuffer(rows, "<f2").reshape(height, width)
    assert np.array_equal(upside_down[::-1], read_matte(tmp_path / "ours.1002.exr")["cup.alpha"].astype(np.float16))


def test_raw_pixels_are_plates_like_any_other(client, tmp_path):
    """Half floats with the first row at the bottom give the mattes of the EXR of the same pixels."""
    declare(client, frames=1)
    client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
    client.wait(client.track("sh"))
    expected = client.get_layer("sh", 1001)
    rows = np.ascontiguousarray(pixels(1001)[::-1].astype(np.float16))
    client.put_pixels("sh", 1001, rows, rows.shape, origin="bottom-left")
    assert client.shot("sh")["stale"] == [1001]
    client.wait(client.track("sh"))
    assert client.get_layer("sh", 1001) == expected


def test_a_replaced_plate_makes_what_was_tracked_after_it_stale(client, tmp_path):
    """After the clicked frame's plate was replaced no matte counts as right, and the next track makes them all."""
    declare(client)
    for frame in FRAMES:
        client.put_plate("sh", frame, write_plate(tmp_path, frame))
    client.wait(client.track("sh"))
    client.put_plate("sh", 1001, write_plate(tmp_path, 77))
    shot = client.shot("sh")
    assert (shot["mattes"], shot["stale"]) == ([], list(FRAMES))
    made = [event for event in client.events(client.track("sh")) if event.kind == "frame" and not event.data["kept"]]
    assert [event.data["frame"] for event in made] == list(FRAMES)
    assert client.shot("sh")["mattes"] == list(FRAMES)


def test_a_correction_costs_only_the_frames_that_it_changes(client, tmp_path):
    """Prompts answer the frames they make dirty; a new track keeps the others, also when the plates are sent again."""
    declare(client)
    plates = {frame: write_plate(tmp_path, frame) for frame in FRAMES}
    for frame, plate in plates.items():
        client.put_plate("sh", frame, plate)
    client.wait(client.track("sh"))
    corrected = (ShotObject("cup", (*CUP[0].prompts, Point(1003, 50.0, 40.0, positive=False))),)
    assert client.put_prompts("sh", corrected) == [1003, 1004]
    shot = client.shot("sh")
    assert (shot["mattes"], shot["stale"]) == ([1001, 1002], [1003, 1004])
    client.put_plate("sh", 1001, plates[1001])
    events = list(client.events(client.track("sh")))
    kept = [event.data["frame"] for event in events if event.data.get("kept")]
    made = [event.data["frame"] for event in events if event.kind == "frame" and not event.data["kept"]]
    assert (kept, made) == ([1001, 1002], [1003, 1004])
    assert client.shot("sh")["mattes"] == list(FRAMES)


def test_a_preview_needs_only_the_plates_it_looks_at(client, tmp_path):
    """One frame can be seen before the shot is there, and is not taken for a tracked matte."""
    declare(client, frames=100)
    client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
    client.wait(client.preview("sh", 1001))
    _, size = client.get_layer("sh", 1001, preview=True)
    assert size == SIZE[::-1]
    with pytest.raises(EngineError, match="no matte yet"):
        client.get_layer("sh", 1001)


def test_plates_that_do_not_come_are_named(client, tmp_path):
    """A job that waits too long fails and says which frames it misses; what was done stays."""
    declare(client, frames=3)
    client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
    with pytest.raises(EngineError, match="frames 1002-1003") as caught:
        client.wait(client.track("sh", plate_timeout=1.0))
    assert caught.value.code == "plates.timeout"
    assert client.shot("sh")["mattes"] == [1001]


def test_cancelling_takes_no_time(client):
    """A job is cancelled in under a second, whatever it is doing, and its events end with that."""
    declare(client)
    job = client.track("sh")
    began = time.monotonic()
    client.cancel(job)
    events = _events(client, job)
    assert time.monotonic() - began < 1.0
    assert events == [("queued", None), ("cancelled", None)]


def test_events_can_be_joined_again(client):
    """`Last-Event-ID` gives what came after that event and nothing twice."""
    declare(client)
    job = client.track("sh")
    client.cancel(job)
    assert [event.id for event in client.events(job, after=1)] == [2]


def test_a_plate_of_another_size_fails_in_words(client, tmp_path):
    """A plate that does not fit the declared size ends the job with both sizes and what to do."""
    client.declare("sh", 1001, 1001, 32, 32, objects=CUP)
    client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
    with pytest.raises(EngineError, match=r"64x48 .* 32x32"):
        client.wait(client.track("sh"))


def test_the_service_process_has_no_torch(client):
    """The process that answers maps no torch library; only workers do."""
    if not psutil.LINUX:
        pytest.skip("what a process maps is only known on Linux")
    maps = psutil.Process(client.status()["pid"]).memory_maps()
    assert not [part.path for part in maps if "libtorch" in part.path]
