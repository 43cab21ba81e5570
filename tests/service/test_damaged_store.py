"""A store in which something is damaged, or lies that is not ours: the engine starts, works and tells."""

import json
import os
from pathlib import Path

import anyio
import psutil
import pytest
from running_engine import SIZE, declare, write_plate

from engine.contract.errors import EngineError
from engine.service.declaration import Declaration
from engine.service.devices import Device
from engine.service.engine import Engine
from engine.service.jobs import JobBook
from engine.service.settings import ServiceSettings
from engine.service.store import Store

BAD_SHOTS = [
    b"",
    b"\0" * 200,
    b"{",
    b"[]",
    b"3",
    b'{"version": 1}',
    b'{"version": 1, "range": [1], "size": [8, 8]}',
    b"\xff",
]
BAD_JOBS = [b"\xff\n", b"{}\n", b"[]\n", b"3\n", b'{"id": "x"}\n', b"\0" * 200 + b"\n", b"[" * 100_000 + b"\n"]


@pytest.mark.parametrize("content", BAD_SHOTS)
def test_a_damaged_shot_is_set_aside_and_the_others_stay(tmp_path, content):
    """A declaration that cannot be read costs its own shot, which is kept beside the store's others and not removed."""
    store = Store(tmp_path)
    for name in ("bad", "good"):
        store.declare(name, Declaration(1, 9, *SIZE))
    (tmp_path / "shots/bad/shot.json").write_bytes(content)
    (tmp_path / "shots/bad/plates/1").mkdir()
    engine = Engine(ServiceSettings(store=tmp_path), [Device("cpu")])
    assert engine.store.names() == ["good"]
    (aside,) = (tmp_path / "damaged").iterdir()
    assert (aside / "plates/1").is_dir()
    assert (aside / "shot.json").read_bytes() == content


def test_a_shot_that_is_damaged_while_the_engine_runs_is_told(tmp_path):
    """Whoever asks for a shot whose declaration cannot be read any more hears that in words; declaring it mends it."""
    store = Store(tmp_path)
    store.declare("sh", Declaration(1, 9, *SIZE))
    (tmp_path / "shots/sh/shot.json").write_bytes(b"")
    with pytest.raises(EngineError) as caught:
        store.shot("sh").declaration()
    assert caught.value.code == "shot.damaged"
    assert store.declare("sh", Declaration(1, 9, *SIZE)).declaration().last == 9


@pytest.mark.parametrize("content", BAD_JOBS)
def test_a_damaged_job_is_set_aside_and_the_others_stay(tmp_path, content):
    """A file of a job that cannot be read costs that job alone."""
    folder = tmp_path / "jobs"
    folder.mkdir()
    kept = JobBook(folder).add("sh", "track")
    (folder / "0123.jsonl").write_bytes(content)
    assert list(JobBook(folder).jobs) == [kept.id]
    (aside,) = (tmp_path / "damaged").iterdir()
    assert aside.read_bytes() == content


def test_files_that_systems_lay_down_are_no_plates_and_no_mattes(tmp_path):
    """Beside plates and mattes lie .DS_Store, .nfs0001 and copies by hand: none counts, and none stops anything."""
    store = Store(tmp_path)
    shot = store.declare("sh", Declaration(1, 9, *SIZE))
    received = store.incoming()
    received.write_bytes(b"plate")
    shot.put_plate(3, received, "exr")
    for folder in ("plates", "plates/3", "mattes", "."):
        for name in (".DS_Store", ".nfs00000001", "Thumbs.db", "zz copy", "matte.x.exr", "._3.00000001.exr"):
            (shot.folder / folder / name).write_bytes(b"")
    (tmp_path / "shots/.DS_Store").write_bytes(b"")
    (tmp_path / "jobs/.DS_Store").write_bytes(b"")
    assert shot.frames() == [3]
    assert shot.plate(3).read_bytes() == b"plate"
    assert list(shot.mattes()) == []
    received.write_bytes(b"newer")
    shot.put_plate(3, received, "exr")
    assert shot.plate(3).read_bytes() == b"newer"
    assert Engine(ServiceSettings(store=tmp_path), [Device("cpu")]).store.names() == ["sh"]


def test_what_the_system_refuses_for_a_while_does_not_end_the_engine(tmp_path, monkeypatch):
    """With no file left to open the engine's housekeeping waits, and goes on when there is one."""
    engine = Engine(ServiceSettings(store=tmp_path, prepare=False), [Device("cpu")])
    turns = []

    async def refused():
        turns.append(len(turns))
        if len(turns) < 3:
            raise OSError(24, "Too many open files")

    monkeypatch.setattr(engine, "_make_room", refused)
    monkeypatch.setattr("engine.service.engine._TICK", 0.01)
    monkeypatch.setattr("engine.service.engine._ROOM_EVERY", 1)

    async def run():
        with anyio.move_on_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(engine.run)
                while len(turns) < 4:  # noqa: ASYNC110 - no event
                    await anyio.sleep(0.01)
                tasks.cancel_scope.cancel()

    anyio.run(run)
    assert len(turns) >= 4


_BROKEN = """
import engine.service.housekeeping as housekeeping
def broken(*_):
    raise RuntimeError("a mistake of ours")
housekeeping.surplus = broken
"""


def test_an_engine_that_cannot_go_on_ends(make_engine, tmp_path):
    """A mistake in the engine's own work ends its process and its workers: no zombie answers, no lock stays."""
    (tmp_path / "sitecustomize.py").write_text(_BROKEN)
    engine = make_engine(PYTHONPATH=f"{tmp_path}{os.pathsep}{Path.cwd()}")
    client = engine.start()
    children = psutil.Process(engine.process.pid).children(recursive=True)
    client.close()
    engine.process.wait(30)
    assert "a mistake of ours" in engine.log.read_text()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


def test_an_engine_starts_and_works_on_a_store_with_damage(make_engine, tmp_path):
    """With a shot and a job of zero bytes in the store, as a power cut leaves them, another shot is tracked as ever."""
    engine = make_engine()
    store = Store(engine.folder / "store")
    store.declare("cut", Declaration(1, 9, *SIZE))
    (store.root / "shots/cut/shot.json").write_bytes(b"")
    (store.root / "jobs/1.jsonl").write_bytes(b"")
    (store.root / "format.json").write_bytes(b"")
    with engine.start() as client:
        declare(client, frames=1)
        client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
        assert client.wait(client.track("sh")).kind == "done"
        assert client.status()["shots"] == ["sh"]
    assert json.loads((store.root / "format.json").read_text()) == {"version": 1}
    assert "'cut' is damaged" in engine.log.read_text()
