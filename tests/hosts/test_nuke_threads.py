"""Threads in the stand-in for Nuke: who may call what, and who waits for whom."""

from __future__ import annotations

import threading
import time

import pytest


def in_thread(call):
    """Run something in another thread and give what it gave or raised."""
    got = []

    def run():
        try:
            got.append(call())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            got.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return got[0]


def test_nuke_belongs_to_the_main_thread(nuke_session):
    """Functions, nodes, knobs and undo refuse another thread, and the session remembers that it was tried."""
    nuke = nuke_session.nuke
    node = nuke.nodes.Blur()
    calls = (nuke.allNodes, node.name, node["size"].value, lambda: node["size"], nuke.Undo.begin, nuke.nodes.Blur)
    for call in calls:
        assert "main thread" in str(in_thread(call))
    assert len(nuke_session.violations) == len(calls)
    nuke_session.violations.clear()


def test_some_things_any_thread_may_do(nuke_session):
    """Printing, the environment and progress bars are open to all threads."""
    nuke = nuke_session.nuke

    def work():
        nuke.tprint("hello")
        task = nuke.ProgressTask("Tracking")
        task.setMessage("frame 1001")
        task.setProgress(50)
        return nuke.env["gui"], nuke.GUI, task.isCancelled()

    assert in_thread(work) == (True, True, False)
    assert nuke_session.prints == ["hello"]


def test_the_main_thread_runs_what_others_ask_for(nuke_session):
    """A call for the main thread happens when its event loop runs, in order, and its result goes back."""
    nuke, got = nuke_session.nuke, []

    def work():
        nuke.executeInMainThread(got.append, 1)
        nuke.executeInMainThread(got.append, kwargs={}, args=(2,))
        got.append(nuke.executeInMainThreadWithResult(lambda: nuke.nodes.Blur().name()))

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.05)
    assert got == []
    nuke_session.pump_until(lambda: not thread.is_alive())
    assert got == [1, 2, "Blur1"]


def test_exceptions_go_back_to_the_thread_that_waits(nuke_session):
    """What a call on the main thread raises comes out of executeInMainThreadWithResult, and stands in the terminal."""
    got = []

    def work():
        try:
            nuke_session.nuke.executeInMainThreadWithResult(lambda: 1 / 0)
        except ZeroDivisionError as error:
            got.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    nuke_session.pump_until(lambda: not thread.is_alive())
    assert len(got) == 1
    assert "ZeroDivisionError" in nuke_session.tracebacks.pop()


def test_the_main_thread_may_not_ask_itself(nuke_session):
    """From the main thread both forms are refused: Nuke would hang."""
    for form in ("executeInMainThread", "executeInMainThreadWithResult"):
        with pytest.raises(RuntimeError, match="from the main thread"):
            getattr(nuke_session.nuke, form)(print)


def test_in_a_terminal_nobody_runs_the_queue(start_nuke):
    """Without a user interface a thread that waits for the main thread would hang, and is told so."""
    session = start_nuke(gui=False)
    session.patience = 0.05
    answer = in_thread(lambda: session.nuke.executeInMainThreadWithResult(print))
    assert "would hang" in str(answer)
    with pytest.raises(RuntimeError, match="terminal mode"):
        session.pump()


def test_a_render_lets_the_queue_run(start_nuke, tmp_path):
    """While Nuke renders, calls of other threads happen between frames; in a terminal they wait."""
    for gui in (True, False):
        session = start_nuke(gui=gui)
        nuke, got = session.nuke, []
        write = nuke.nodes.Write(inputs=[nuke.nodes.Constant()], file=str(tmp_path / "a.%d.exr"))
        in_thread(lambda nuke=nuke, got=got: nuke.executeInMainThread(got.append, 1))
        nuke.execute(write, 1, 1)
        assert got == ([1] if gui else [])
        session.quit()


def test_progress_bars_live_as_long_as_their_object(nuke_session):
    """A progress bar tells what happened to it, sees its cancel button, and ends with its object."""
    task = nuke_session.nuke.ProgressTask("MAM2")
    task.setMessage("encoding")
    task.setProgress(10)
    assert not task.isCancelled()
    nuke_session.press_cancel("MAM2")
    assert task.isCancelled()
    with pytest.raises(TypeError):
        task.setProgress(0.5)
    assert nuke_session.progress_tasks == ["MAM2"]
    del task
    assert nuke_session.progress_tasks == []
    assert [what for _, what, _ in nuke_session.progress_log] == ["begin", "message", "progress", "end"]


def test_dialogues_need_a_user_interface(start_nuke):
    """Messages and menus exist with a user interface alone."""
    session = start_nuke(gui=False)
    for call in (lambda: session.nuke.message("hello"), lambda: session.nuke.menu("Nodes")):
        with pytest.raises(RuntimeError, match="terminal mode"):
            call()


def test_dialogues_are_answered_by_the_test(nuke_session):
    """What nuke.message and nuke.ask say is kept; the test gives the answers."""
    nuke_session.answers += [False]
    nuke_session.nuke.message("done")
    assert nuke_session.nuke.ask("sure?") is False
    assert nuke_session.nuke.ask("really?") is True
    assert nuke_session.messages == ["done", "sure?", "really?"]
