"""The store: names, versions, plates that replace each other, room."""

import json
import os
import time

import pytest

from engine.contract.errors import EngineError
from engine.media.atomic import atomic_file
from engine.service.declaration import Declaration
from engine.service.housekeeping import surplus
from engine.service.received import RawLayout, layout_of
from engine.service.store import Store, discard


def _file(store, data):
    path = store.incoming()
    path.write_bytes(data)
    return path


def test_a_plate_replaces_the_one_before_it(tmp_path):
    """Whatever the format, a frame has one plate: the last one; its hash follows."""
    store = Store(tmp_path)
    shot = store.declare("sh", Declaration(1, 9, 8, 8))
    shot.put_plate(3, _file(store, b"one"), "exr")
    first = shot.digests.of(3, shot.plate(3))
    older = shot.put_plate(3, _file(store, b"two"), RawLayout(2, 2, 3))
    assert shot.frames() == [3]
    assert shot.plate(3).read_bytes() == b"two"
    assert layout_of(shot.plate(3).name) == RawLayout(2, 2, 3)
    assert set(shot.plate(3).parent.iterdir()) == {*older, shot.plate(3)}
    assert shot.digests.of(3, shot.plate(3)) != first


def test_the_last_plate_counts_whatever_its_date(tmp_path):
    """A plate that was handed over with an old date, or with the size and date of the one before, is still the last."""
    store = Store(tmp_path)
    shot = store.declare("sh", Declaration(1, 9, 8, 8))
    digests = set()
    for number, data in enumerate((b"one", b"two", b"six")):
        path = _file(store, data)
        os.utime(path, (1000 - number // 2, 1000 - number // 2))
        shot.put_plate(3, path, "exr")
        assert shot.plate(3).read_bytes() == data
        digests.add(shot.digests.of(3, shot.plate(3)))
    assert len(digests) == 3


def test_raw_pixels_that_are_too_few_are_refused_in_the_inbox_too(tmp_path):
    """Handed-over pixels are counted before they are taken over; the file stays the host's."""
    store = Store(tmp_path)
    shot = store.declare("sh", Declaration(1, 9, 8, 8))
    (shot.inbox / "a.raw").write_bytes(bytes(7))
    with pytest.raises(EngineError, match="7 bytes came") as caught:
        shot.take(3, "a.raw", RawLayout(8, 8, 3), 1000)
    assert caught.value.code == "plates.truncated"
    with pytest.raises(EngineError) as caught:
        shot.take(3, "a.raw", "exr", 5)
    assert caught.value.code == "engine.too_large"
    assert (shot.inbox / "a.raw").exists()
    assert shot.frames() == []


def test_a_declaration_is_what_was_declared(tmp_path):
    """A shot read back equals the one declared, and its plates outlive a new declaration."""
    store = Store(tmp_path)
    shot = store.declare("sh", Declaration(1, 9, 8, 8))
    shot.put_plate(3, _file(store, b"one"), "exr")
    wider = Declaration(1, 20, 8, 8, model="sam2.1-t")
    store.declare("sh", wider)
    assert store.shot("sh").declaration() == wider
    assert store.shot("sh").frames() == [3]


def test_a_store_of_a_newer_engine_is_refused_in_words(tmp_path):
    """A format that this engine does not know is not touched."""
    (tmp_path / "format.json").write_text(json.dumps({"version": 99}))
    with pytest.raises(EngineError, match="format 99") as caught:
        Store(tmp_path)
    assert caught.value.code == "store.version"


def test_room_is_made_by_the_shot_used_longest_ago(tmp_path):
    """Beyond the budget old shots go, oldest first, and never one that a job needs."""
    store = Store(tmp_path)
    for age, name in enumerate(("new", "busy", "old", "oldest")):
        shot = store.declare(name, Declaration(1, 9, 8, 8))
        shot.put_plate(1, _file(store, bytes(1000)), "exr")
        os.utime(shot.folder / "shot.json", (1000 - age, 1000 - age))
    found = surplus(store, 4000, {"busy", "oldest"})
    assert ([name for name, _ in found.shots], found.bytes_left) == (["old"], 0)
    assert surplus(store, 1000, {"busy", "new", "old", "oldest"}).bytes_left > 3000
    assert not surplus(store, 1_000_000, set()).shots


def test_uses_are_in_order_though_the_clock_is_set_back(tmp_path, monkeypatch):
    """A shot used after the clock was set back by hours still counts as used later, also for the next engine."""
    store = Store(tmp_path)
    for name in ("first", "second"):
        store.declare(name, Declaration(1, 9, 8, 8))
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 3 * 3600 * 10**9)
    store.use("first")
    assert store.used("first") > store.used("second")
    again = Store(tmp_path)
    again.use("second")
    assert again.used("second") > again.used("first")


def test_what_was_removed_is_out_of_sight_at_once(tmp_path):
    """A removed shot can be declared anew while its bytes are still there; those go when they are discarded."""
    store = Store(tmp_path)
    shot = store.declare("sh", Declaration(1, 9, 8, 8))
    shot.put_plate(1, _file(store, b"one"), "exr")
    gone = store.remove("sh")
    assert store.names() == []
    assert store.declare("sh", Declaration(1, 9, 8, 8)).frames() == []
    assert list(gone.rglob("*.exr"))
    discard(gone)
    assert not gone.exists()


def test_what_an_engine_left_behind_is_swept_away(tmp_path):
    """What was being received, removed, made or written when an engine ended goes at the next start, nothing else."""
    store = Store(tmp_path)
    whole = store.declare("whole", Declaration(1, 9, 8, 8))
    whole.matte(1).write_bytes(b"whole")
    half = _file(store, b"half")
    store.declare("gone", Declaration(1, 9, 8, 8))
    gone = store.remove("gone")
    (tmp_path / "shots" / "unborn" / "plates").mkdir(parents=True)
    with atomic_file(whole.matte(2), 1) as begun:
        begun.write_bytes(b"begun")
        leftovers = Store(tmp_path).leftovers()
    assert set(leftovers) == {half, gone, tmp_path / "shots" / "unborn", begun}
    for path in leftovers:
        discard(path)
    assert [path.name for path in (tmp_path / "shots").iterdir()] == ["whole"]


@pytest.mark.parametrize("name", ["con", "NUL", "aux.v1", "sh.", "com1"])
def test_no_shot_has_a_name_that_windows_keeps(tmp_path, name):
    """A shot whose folder Windows could not make, or would make under another name, is refused in words everywhere."""
    with pytest.raises(EngineError) as caught:
        Store(tmp_path).declare(name, Declaration(1, 9, 8, 8))
    assert caught.value.code == "shot.name"
    (tmp_path / "shots" / name).mkdir()
    (tmp_path / "shots" / name / "shot.json").write_text("{}")
    assert Store(tmp_path).names() == []
