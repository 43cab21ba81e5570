from __future__ import annotations

import threading

import lock


def test_a_second_setup_waits_for_the_first(tmp_path):
    """Two set-ups of one environment never run at once; the second says that it waits."""
    told, entered = threading.Event(), threading.Event()

    def second():
        with lock.only_one(tmp_path, told.set):
            entered.set()

    thread = threading.Thread(target=second)
    with lock.only_one(tmp_path, lambda: None):
        thread.start()
        assert told.wait(10)
        assert not entered.wait(0.2)
    thread.join(10)
    assert entered.is_set()


def test_a_free_environment_is_entered_at_once(tmp_path):
    """Nobody is told to wait when nobody else is there, also the second time."""
    waited = []
    for _ in range(2):
        with lock.only_one(tmp_path, lambda: waited.append(1)):
            pass
    assert waited == []
