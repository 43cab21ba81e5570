"""One engine a store."""

import json
import os
import time

import anyio
import pytest
from running_engine import RunningEngine

from engine.contract.errors import ServiceError
from engine.service import store_lock
from engine.service.store_lock import GONE, SIGN, StoreLock


def _of_another_machine(root, seconds_ago):
    sign = root / SIGN
    sign.write_text(json.dumps({"host": "render07", "boot": "another", "pid": 4711, "mark": "theirs"}))
    then = time.time() - seconds_ago
    os.utime(sign, (then, then))
    return sign


def test_a_second_engine_on_a_store_is_refused_in_words(make_engine, monkeypatch, tmp_path):
    """An engine with a runtime folder of its own does not start on a store in use; after a kill the store is free."""
    first = make_engine()
    first.start().close()
    second = RunningEngine(tmp_path, monkeypatch, MAM2_STORE=first.variables["MAM2_STORE"])
    with pytest.raises(pytest.fail.Exception, match="Another engine works in the store"):
        second.start()
    assert second.process.wait(20) == 2
    first.kill()
    try:
        with second.start() as client:
            assert client.status()["store"] == first.variables["MAM2_STORE"]
    finally:
        second.stop()


def test_a_store_in_use_on_another_machine_is_refused(tmp_path):
    """Where locks do not reach, an engine that gave a sign of life a moment ago holds the store."""
    _of_another_machine(tmp_path, 2)
    with pytest.raises(ServiceError, match="render07") as caught:
        StoreLock(tmp_path).take()
    assert caught.value.code == "store.in_use"


def test_a_store_of_a_machine_that_was_switched_off_is_free(tmp_path):
    """An engine of another machine that has been silent for long holds nothing, and its sign is replaced."""
    sign = _of_another_machine(tmp_path, GONE + 1)
    lock = StoreLock(tmp_path)
    lock.take()
    assert json.loads(sign.read_text())["pid"] == os.getpid()
    lock.release()
    assert not sign.exists()


def test_an_engine_whose_store_was_taken_gives_up(tmp_path, monkeypatch):
    """An engine that was held up so long that another took its store ends, and leaves the other's sign alone."""
    monkeypatch.setattr(store_lock, "BEAT", 0.01)
    lock = StoreLock(tmp_path)
    lock.take()
    sign = _of_another_machine(tmp_path, 0)
    with pytest.raises(ServiceError) as caught:
        anyio.run(lock.keep)
    assert caught.value.code == "store.in_use"
    lock.release()
    assert "theirs" in sign.read_text()
