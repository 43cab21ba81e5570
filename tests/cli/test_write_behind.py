"""Mattes are written while the next frame is made."""

from threading import Event

import pytest

from engine.cli.write_behind import WriteBehind


def test_a_frame_is_written_while_the_next_is_made():
    """The caller goes on at once; a frame counts as done when its file is whole, in order."""
    gate, written, done = Event(), [], []

    def write(frame, layers):
        gate.wait(10)
        written.append((frame, layers))

    with WriteBehind(write, done.append) as behind:
        behind.write(1, {"alpha": "one"})
        assert (written, done) == ([], [])
        gate.set()
        behind.write(2, {"alpha": "two"})
        assert done == [1]
    assert written == [(1, {"alpha": "one"}), (2, {"alpha": "two"})]
    assert done == [1, 2]


def test_a_failed_write_is_heard_of():
    """What went wrong with the last file reaches the caller, and the frame does not count as done."""

    def write(frame, _):
        raise OSError(f"no room for {frame}")

    done = []
    with pytest.raises(OSError, match="no room for 1"), WriteBehind(write, done.append) as behind:
        behind.write(1, {})
    assert done == []


def test_an_error_elsewhere_lets_the_file_under_way_be_finished():
    """When the next frame fails, the one before is whole on disk, and the next one's error is what is told."""
    written = []

    def frames():
        yield 1
        raise ValueError("the next")

    def run():
        with WriteBehind(lambda at, _: written.append(at), print) as behind:
            for frame in frames():
                behind.write(frame, {})

    with pytest.raises(ValueError, match="the next"):
        run()
    assert written == [1]
