"""Nothing acknowledged is lost, however the engine ends."""

import contextlib
import os
import random
import signal
import threading
import time

import pytest
from running_engine import declare, write_plate

from engine.contract.client import EngineClient
from engine.contract.connection import read_connection
from engine.contract.errors import EngineError

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("MAM2_TEST_KILLS", "3"))  # more make a longer soak
FRAMES = range(1001, 1009)


@pytest.fixture(scope="module")
def undisturbed(client, tmp_path_factory):
    """Give the mattes that an engine makes which nobody kills."""
    declare(client, frames=len(FRAMES))
    for frame in FRAMES:
        client.put_plate("sh", frame, write_plate(tmp_path_factory.mktemp("plates"), frame))
    client.wait(client.track("sh"))
    return _mattes(client, FRAMES)


def _mattes(client, frames):
    return [client.get_layer("sh", frame) for frame in frames]


def test_a_killed_worker_is_replaced_and_the_job_goes_on(make_engine, undisturbed, tmp_path):
    """The job of a worker that was killed ends as if nothing had happened, with the same mattes."""
    expected = undisturbed[:6]
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


def test_kills_at_any_moment_lose_nothing(make_engine, undisturbed, tmp_path):
    """However often worker and engine are killed while plates come and mattes are made, the end is the same."""
    frames = FRAMES
    plates = {frame: write_plate(tmp_path, frame) for frame in frames}
    engine, chance = make_engine(), random.Random(7)
    client = engine.start()
    declare(client, frames=len(frames))
    job = client.track("sh")
    acknowledged: list[int] = []

    def send():
        waiting = list(frames)
        while waiting:
            with contextlib.suppress(EngineError, OSError), EngineClient(read_connection() or client.connection) as own:
                own.put_plate("sh", waiting[0], plates[waiting[0]])
                acknowledged.append(waiting.pop(0))
            time.sleep(0.3)

    sender = threading.Thread(target=send)
    sender.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.1, 4.0))
        pid = client.status()["devices"][0]["pid"]
        if chance.random() < 0.5 and pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        else:
            engine.kill()
            client = engine.start()
        known = set(acknowledged)
        assert known <= set(client.shot("sh")["plates"])
    sender.join()
    assert client.wait(job).kind == "done"
    assert client.shot("sh")["mattes"] == list(frames)
    assert _mattes(client, frames) == undisturbed
