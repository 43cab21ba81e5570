"""How a node stands is found out beside the artist's session: dragging a point is not felt."""

import threading
import time
from pathlib import Path

import pytest
from comp import FIRST, SIZE, Comp

LONG = (FIRST, FIRST + 999)
MOST = 0.010  # seconds of Nuke's main thread


@pytest.fixture
def comp(artist, tmp_path, monkeypatch):
    """Give a comp of a thousand frames with twelve points and as many right mattes."""
    monkeypatch.setenv("MAM2_ENGINE", "never")
    monkeypatch.setattr("comp.write_plates", lambda folder, *_, **__: folder / "plate.####.exr")
    monkeypatch.setattr("comp.write_mattes", lambda path, *_: path.touch())
    comp = Comp(artist, tmp_path, LONG)
    for number in range(12):
        comp.add_point(FIRST + 80 * number, 2 + 3 * number, SIZE[1] / 2)
    comp.forge_mattes()
    comp.settle(60)
    assert comp.status == f"Mattes of {LONG[0]}-{LONG[1]} are up to date."
    return comp


def _spent(call):
    began = time.thread_time()
    call()
    return time.thread_time() - began


def test_a_drag_costs_little_and_asks_no_disk(comp, monkeypatch):
    """Of 20 events of a drag at 1,000 frames each costs the main thread under 10 ms; none asks for a file's date."""
    asked = []
    real = Path.stat

    def stat(path, **options):
        if threading.current_thread() is threading.main_thread():
            asked.append(path)
        return real(path, **options)

    session, x = comp.session, comp.node["p06_xy"]
    session.type_into(x, 10.0)
    comp.settle(60)
    drags = []
    monkeypatch.setattr(Path, "stat", stat)
    for drag in range(3):  # a busy machine adds to one event or another, not to each in turn
        costs = []
        for number in range(20):
            costs.append(_spent(lambda value=10 + drag + number / 20: (x.setValue(value, 0), session.update_nodes())))
            while session.queue.run_one(0.01):
                pass
        drags.append(costs)
    monkeypatch.setattr(Path, "stat", real)
    assert max(map(min, zip(*drags, strict=True))) < MOST, drags
    assert not asked
    comp.settle(60)
    assert "are out of date" in comp.status, session.prints


def test_what_the_watch_asks_of_the_main_thread_is_little(comp):
    """What is looked at and shown now and then, while a point is dragged, costs the main thread under 10 ms too."""
    from mam2_nuke import standing

    requests = standing.look(comp.node).requests
    comp.node["p06_xy"].setValue(11.0, 0)
    looks = [_spent(lambda: standing.look(comp.node, requests)) for _ in range(5)]
    judged = standing.judge(standing.look(comp.node, requests))
    standing.show(comp.node, judged)
    shows = [_spent(lambda: standing.show(comp.node, judged)) for _ in range(5)]
    assert sorted(looks)[2] < MOST, looks
    assert sorted(shows)[2] < MOST, shows
