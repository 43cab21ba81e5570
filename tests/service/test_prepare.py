"""What the engine does before it is asked, so that the first click need not wait for a process and a model."""

import time

import anyio
import pytest
from running_engine import SIZE, declare, write_plate

from engine.media.matte_files import read_matte
from engine.model.mam2 import MAM2
from engine.service.declaration import Declaration
from engine.service.devices import Device
from engine.service.engine import Engine
from engine.service.settings import ServiceSettings


def test_an_engine_is_ready_for_its_first_click(make_engine, tmp_path):
    """The process that computes is there before any job, and does the first one."""
    client = make_engine(MAM2_PREPARE="1").start()
    ends = time.monotonic() + 60
    while (device := client.status()["devices"][0])["state"] != "ready":
        assert time.monotonic() < ends, device
        time.sleep(0.05)
    declare(client, frames=1)
    client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
    assert client.wait(client.preview("sh", 1001)).kind == "done"
    assert (device["pid"], 0) == tuple(client.status()["devices"][0][fact] for fact in ("pid", "deaths"))


def test_an_engine_told_to_wait_starts_nothing(client):
    """With MAM2_PREPARE=0 declaring a shot starts no process: memory may be scarce."""
    declare(client, frames=1)
    assert client.status()["devices"][0]["state"] == "idle"


@pytest.mark.parametrize("model", ["starter", "studio"])
def test_the_model_used_last_is_expected(tmp_path, monkeypatch, model):
    """At its start an engine expects the model of the shot that was used last, in an empty store the starter."""
    engine = Engine(ServiceSettings(store=tmp_path / "store", prepare=True), [Device("cpu")])
    expected = []
    monkeypatch.setattr(engine.workers, "prepare", expected.append)
    if model != "starter":
        engine.store.declare("older", Declaration(1, 9, *SIZE))
        engine.store.declare("newer", Declaration(1, 9, *SIZE, model=model))

    async def start():
        with anyio.move_on_after(0.2):
            await engine.run()

    anyio.run(start)
    assert expected == [model]


def test_a_model_is_loaded_before_its_job(bench, model):
    """What is prepared is there when the job comes."""
    one = bench()
    assert model not in one.models
    one.worker.hear({"do": "prepare", "model": "starter"})
    assert one.worker.work()
    assert model in one.models
    assert not one.worker.work()


def test_a_model_that_cannot_be_loaded_is_the_jobs_to_say(bench, monkeypatch):
    """Preparing in vain is told to nobody, and a job's work comes before what may follow it."""
    one = bench()
    one.worker.hear({"do": "prepare", "model": "no such model"})
    assert one.worker.work()
    assert one.said == []
    one.declare()
    asked = []
    monkeypatch.setattr(one.runs, "prepare", asked.append)
    one.worker.hear({"do": "prepare", "model": "starter"})
    one.begin()
    one.finish()
    assert one.last()["is"] == "done"
    assert asked == []


def test_a_frame_that_is_looked_at_is_encoded_before_the_click(bench, monkeypatch):
    """A plate that somebody looks at is encoded while there is no job; a click there encodes nothing more."""
    one = bench()
    one.declare()
    encoded, encode = [], MAM2.encode
    monkeypatch.setattr(MAM2, "encode", lambda model, plate: encoded.append(plate) or encode(model, plate))
    one.worker.hear({"do": "watch", "shot": "sh", "frame": 1001})
    assert one.worker.work()
    assert not one.worker.work()
    assert len(encoded) == 1
    one.begin(kind="preview", frame=1001, width=32)
    one.finish()
    assert one.last()["is"] == "done"
    assert len(encoded) == 1
    assert read_matte(one.store.shot("sh").matte(1001, preview=True))["cup.alpha"].shape == (24, 32)


def test_looking_at_what_is_not_there_troubles_nobody(bench):
    """Looking at a frame without a plate, or at a shot that is gone, is no error."""
    one = bench()
    one.declare()
    for shot, frame in (("sh", 2001), ("gone", 1001)):
        one.worker.hear({"do": "watch", "shot": shot, "frame": frame})
        assert one.worker.work()
    assert one.said == []
