"""Nothing acknowledged is lost, however the engine ends."""

import os
import signal

from running_engine import declare, write_plate


def _mattes(client, frames):
    return [client.get_layer("sh", frame) for frame in frames]


def test_a_killed_worker_is_replaced_and_the_job_goes_on(make_engine, tmp_path):
    """The job of a worker that was killed ends as if nothing had happened, with the same mattes."""
    with make_engine().start() as undisturbed:
        declare(undisturbed, frames=6)
        for frame in range(1001, 1007):
            undisturbed.put_plate("sh", frame, write_plate(tmp_path, frame))
        undisturbed.wait(undisturbed.track("sh"))
        expected = _mattes(undisturbed, range(1001, 1007))
    with make_engine().start() as client:
        declare(client, frames=6)
        for frame in range(1001, 1007):
            client.put_plate("sh", frame, write_plate(tmp_path, frame))
        frames = []
        for event in client.events(client.track("sh")):
            if event.kind == "frame":
                frames.append(event.data["frame"])
                if len(frames) == 2:
                    os.kill(client.status()["devices"][0]["pid"], signal.SIGKILL)
        assert event.kind == "done"
        assert frames == list(range(1001, 1007))
        assert _mattes(client, range(1001, 1007)) == expected
        assert client.status()["devices"][0]["deaths"] == 1


def test_a_killed_engine_goes_on_where_it_was(make_engine, tmp_path):
    """After kill -9 every plate and matte is there, and the job that was running ends under its old name."""
    engine = make_engine()
    client = engine.start()
    declare(client, frames=6)
    for frame in range(1001, 1006):
        client.put_plate("sh", frame, write_plate(tmp_path, frame))
    job = client.track("sh")
    announced = []
    for event in client.events(job):
        if event.kind == "frame":
            announced.append(event.data["frame"])
        if len(announced) == 3:
            break
    engine.kill()
    again = engine.start()
    assert again.shot("sh")["plates"] == list(range(1001, 1006))
    assert set(announced) <= set(again.shot("sh")["mattes"])
    again.put_plate("sh", 1006, write_plate(tmp_path, 1006))
    frames = [event.data["frame"] for event in again.events(job) if event.kind == "frame"]
    assert frames == list(range(1001, 1007))
    assert again.shot("sh")["mattes"] == list(range(1001, 1007))
