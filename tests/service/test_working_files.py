"""What a worker keeps of shots while it works does not outlive it, however it ends."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from running_engine import declare, write_plate

from engine.media.atomic import atomic_file


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Give the folder for temporary files of the engines that are started, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def _track_half(engine, client, tmp_path):
    """Have a worker in the middle of a shot whose last plate is awaited; give the job and the worker's folder."""
    declare(client, frames=3)
    for frame in (1001, 1002):
        client.put_plate("sh", frame, write_plate(tmp_path, frame))
    job = client.track("sh")
    for event in client.events(job):
        if event.kind == "waiting":
            break
    (folder,) = _folders(engine)
    assert [path for path in folder.rglob("*") if path.is_file()]
    return job, folder


def _folders(engine):
    return sorted(Path(engine.variables["MAM2_STORE"], "working").iterdir())


def _worker(client):
    return psutil.Process(client.status()["devices"][0]["pid"])


def _gone(folder, seconds=10.0):
    ends = time.monotonic() + seconds
    while folder.exists():
        assert time.monotonic() < ends, f"{folder} stays"
        time.sleep(0.02)
    return True


def test_an_engine_that_ends_leaves_no_working_files(make_engine, tmp_path, temporary):
    """Once an engine has been told to end, its worker's files are gone, and none are among the temporary ones."""
    engine = make_engine()
    _, folder = _track_half(engine, engine.start(), tmp_path)
    assert folder.stat().st_mode & 0o077 == 0 or os.name == "nt"
    engine.stop()
    assert _folders(engine) == []
    assert list(temporary.iterdir()) == []


def test_a_worker_that_dies_leaves_no_working_files(make_engine, tmp_path):
    """The files of a worker that was killed go, a matte half written too; the next worker has files of its own."""
    engine = make_engine()
    client = engine.start()
    job, folder = _track_half(engine, client, tmp_path)
    worker = _worker(client).pid
    matte = Path(engine.variables["MAM2_STORE"], "shots", "sh", "mattes", "matte.1003.exr")
    with atomic_file(matte, 1) as mine:
        mine.write_bytes(b"whole, soon")
        torn = mine.with_name(mine.name.replace(str(os.getpid()), str(worker)))
        torn.write_bytes(b"torn")
        os.kill(worker, signal.SIGKILL)
        assert _gone(folder)
        assert _gone(torn)
    client.put_plate("sh", 1003, write_plate(tmp_path, 1003))
    assert client.wait(job).kind == "done"
    assert len(_folders(engine)) == 1


def test_a_worker_whose_engine_was_killed_clears_up(make_engine, tmp_path):
    """A worker that finds its engine gone removes its files before it ends."""
    engine = make_engine()
    client = engine.start()
    _, folder = _track_half(engine, client, tmp_path)
    engine.kill()
    assert _gone(folder)


def test_what_was_killed_with_its_engine_goes_at_the_next_start(make_engine, tmp_path):
    """Where nobody was left to clear up, the next engine does."""
    engine = make_engine()
    client = engine.start()
    _, folder = _track_half(engine, client, tmp_path)
    worker = _worker(client)
    worker.suspend()
    engine.kill()
    worker.kill()
    assert folder.exists()
    engine.start()
    assert _gone(folder)
