"""What a worker holds in memory of shots that it is not working on: nothing but models."""

import queue
import threading

import numpy as np
import pytest
from alive import alive
from worker_bench import FRAMES

from engine.service.stored_plates import StoredPlates
from engine.service.worker import worker as workers
from engine.service.worker.loop import work_until_told
from engine.session import fit

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def plates(monkeypatch):
    """Give a function that tells how many plates are held, read ahead or in use, without a look for cycles."""
    with alive() as held:
        monkeypatch.setattr(StoredPlates, "_display", held.noting(StoredPlates._display))
        monkeypatch.setattr(fit, "to_tensor", held.noting(fit.to_tensor))
        yield held


def _done(one, *names):
    return [one.last(name)["is"] for name in names] == ["done"] * len(names)


def test_a_shot_that_is_done_holds_nothing_once_another_begins(bench, plates):
    """However many shots are held ready, plates in memory are those of the shot at work."""
    one = bench()
    for name in ("a", "b", "c"):
        one.declare(name)
        one.begin(name, name)
        one.finish()
        assert plates() == 1
    assert _done(one, "a", "b", "c")


def test_a_shot_that_was_left_holds_nothing_once_another_begins(bench, plates):
    """A cancelled track lets go of its plates, one read ahead too, and goes on later to the same mattes."""
    one = bench()
    one.declare("a")
    one.begin("whole", "a")
    one.finish()
    expected = one.mattes("a")
    other = bench()
    other.declare("a")
    other.begin("left", "a")
    other.worker.work()
    other.worker.hear({"do": "cancel", "id": "left"})
    other.declare("b")
    other.begin("b", "b")
    other.finish()
    assert plates() == 1 + 1  # the last of each bench
    other.begin("again", "a")
    other.finish()
    assert _done(other, "b", "again")
    assert all(np.array_equal(*pair) for pair in zip(other.mattes("a"), expected, strict=True))


def test_shots_in_turn_keep_what_they_hold(bench, monkeypatch):
    """Shots that are tracked in turn read and encode each plate once: a job that comes sends no other to rest."""
    reads, display = [], StoredPlates._display

    def noting(self, frame, path):
        reads.append((self._shot.name, frame))
        return display(self, frame, path)

    monkeypatch.setattr(StoredPlates, "_display", noting)
    one = bench()
    for name in ("a", "b", "c"):
        one.declare(name)
        one.begin(name, name)
        one.worker.work()
    one.finish()
    assert _done(one, "a", "b", "c")
    assert sorted(reads) == [(name, frame) for name in ("a", "b", "c") for frame in FRAMES]


def test_a_worker_without_work_rests_once_and_hears_what_comes(bench, plates, monkeypatch):
    """After a while without work it holds no plate and gives memory back, once; the next job is done as ever."""
    rested, given_back = threading.Event(), []
    monkeypatch.setattr(workers, "give_back_freed_memory", lambda: (given_back.append(plates()), rested.set()))
    one, heard = bench(), queue.Queue()
    one.declare()
    work = threading.Thread(target=work_until_told, args=(one.worker, heard, 0.05))
    work.start()
    for job in ("first", "second"):
        heard.put(
            {"do": "job", "id": job, "shot": "sh", "kind": "track", "frame": None, "width": None, "direction": None}
        )
        assert rested.wait(60)
        rested.clear()
        assert _done(one, job)
    assert not rested.wait(0.3)
    heard.put(None)
    work.join(10)
    assert not work.is_alive()
    assert given_back == [0, 0]
