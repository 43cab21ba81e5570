"""The engine without its wire: what it may remove, and when."""

import shutil

import anyio
import pytest
from running_engine import SIZE

from engine.contract.errors import EngineError
from engine.contract.shot import Point, ShotObject
from engine.service import engine as engines
from engine.service.declaration import Declaration
from engine.service.devices import Device
from engine.service.engine import Engine
from engine.service.settings import ServiceSettings

ROOM = 1 << 20


@pytest.fixture
def engine(tmp_path):
    """Give an engine with room for a megabyte, and three shots of half a megabyte each."""
    made = Engine(ServiceSettings(store=tmp_path / "store", store_bytes=ROOM), [Device("cpu")])

    async def fill():
        for name in ("oldest", "old", "new"):
            made.declare(name, Declaration(1, 9, *SIZE))
            _send(made, name, 1)

    anyio.run(fill)
    return made


def _send(engine, name, frame):
    received = engine.store.incoming()
    received.write_bytes(bytes(ROOM // 2 - 4096))
    engine.arrived(name, frame, received, "exr")


def test_the_shot_used_longest_ago_makes_room_and_everybody_is_told(engine, monkeypatch):
    """Beyond the budget the oldest shot goes from sight and from disk, and its worker lets go of it."""
    told = []
    monkeypatch.setattr(engine.workers, "forget", told.append)
    anyio.run(engine._make_room)
    assert engine.store.names() == ["new", "old"]
    assert told == ["oldest"]
    assert not list((engine.store.root / "incoming").iterdir())


def test_a_shot_with_a_job_is_never_removed(engine):
    """What an unfinished job needs stays, and others go for it."""
    engine.book.add("oldest", "track")
    anyio.run(engine._make_room)
    assert engine.store.names() == ["new", "oldest"]


@pytest.mark.parametrize("how", ["job", "plate"])
def test_a_shot_that_somebody_came_to_need_meanwhile_stays(engine, monkeypatch, how):
    """A shot chosen to go, for which a job or a plate came before it went, stays."""
    choose = engines.surplus

    def slow(*arguments):
        found = choose(*arguments)
        if how == "job":
            engine.book.add("oldest", "track")
        else:
            engine.store.use("oldest")
        return found

    monkeypatch.setattr(engines, "surplus", slow)
    anyio.run(engine._make_room)
    assert "oldest" in engine.store.names()


def test_a_store_that_is_full_of_what_jobs_need_takes_no_more(engine):
    """When nothing may go, plates are refused in words until a job has ended; then they are taken again."""

    async def fill_up():
        jobs = [engine.book.add(name, "track") for name in engine.store.names()]
        await engine._make_room()
        with pytest.raises(EngineError) as caught:
            _send(engine, "new", 2)
        assert caught.value.code == "store.full"
        assert caught.value.hint
        for job in jobs:
            engine.book.tell(job, "cancelled")
        await engine._make_room()
        _send(engine, "new", 2)

    anyio.run(fill_up)
    assert engine.store.shot("new").frames() == [1, 2]


@pytest.mark.parametrize("model", ["nonsense", "n" * 300])
def test_a_shot_of_a_model_that_is_not_here_is_not_made(engine, model):
    """Declaring a shot with a model that cannot be found is refused and leaves no shot."""
    with pytest.raises(EngineError) as caught:
        engine.declare("other", Declaration(1, 9, *SIZE, model=model))
    assert caught.value.code == "model.unknown"
    assert "other" not in engine.store.names()


@pytest.mark.parametrize("fate", ["prompts are gone", "folder is gone", "plates do not come"])
def test_a_job_that_waits_in_vain_ends_alone(engine, monkeypatch, fate):
    """Whatever has become of its shot, a job that waited too long fails in words, and the engine goes on."""
    monkeypatch.setattr(engines, "_TICK", 0.01)

    async def wait():
        smoke = (ShotObject("smoke", (Point(1, 9.0, 9.0),)),)
        engine.declare("new", Declaration(1, 9, *SIZE, objects=smoke))
        job = engine.book.add("new", "track", plate_timeout=0.3)
        monkeypatch.setattr(engine.workers, "submit", lambda _: None)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.run)
            await anyio.sleep(0.05)
            engine.book.tell(job, "waiting", {"missing": [2]})
            if fate == "prompts are gone":
                engine.set_prompts("new", ())
            if fate == "folder is gone":
                shutil.rmtree(engine.store.shot("new").folder)
            with anyio.fail_after(10):
                async for _ in engine.book.events(job, 0, pulse=10):
                    pass
            await anyio.sleep(0.05)
            engine.declare("other", Declaration(1, 9, *SIZE))
            tasks.cancel_scope.cancel()
        return job

    job = anyio.run(wait)
    codes = {
        "prompts are gone": "prompt.none",
        "folder is gone": "shot.unknown",
        "plates do not come": "plates.timeout",
    }
    assert job.error["code"] == codes[fate]
