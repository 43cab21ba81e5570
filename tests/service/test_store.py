"""The store: names, versions, plates that replace each other, room."""

import json
import os

import pytest

from engine.contract.errors import EngineError
from engine.service.declaration import Declaration
from engine.service.housekeeping import make_room
from engine.service.raw import RawLayout, layout_of
from engine.service.store import Store


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
    shot.put_plate(3, _file(store, b"two"), RawLayout(2, 2, 3))
    assert shot.frames() == [3]
    assert shot.plate(3).read_bytes() == b"two"
    assert layout_of(shot.plate(3).name) == RawLayout(2, 2, 3)
    assert len(list(shot.plate(3).parent.iterdir())) == 1
    assert shot.digests.of(3, shot.plate(3)) != first


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
    assert make_room(store, 4000, {"busy", "oldest"}) == ["old"]
    assert store.names() == ["busy", "new", "oldest"]


def test_what_was_half_received_is_swept_away(tmp_path):
    """A file that was being received when an engine ended is gone at the next start."""
    store = Store(tmp_path)
    _file(store, b"half")
    store.sweep()
    assert not list((tmp_path / "incoming").iterdir())
