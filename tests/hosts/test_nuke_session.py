"""The stand-in for Nuke as a program: how it starts, what it runs, what it leaves behind."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
import time

import pytest

from .nuke import NukeSession


def plugin(folder, name, init="", menu=""):
    """Make a plug-in folder whose files say that they ran."""
    (folder / name).mkdir()
    for file, code in (("init.py", init), ("menu.py", menu)):
        told = f"nuke.tprint('{name} {file}')"
        (folder / name / file).write_text(f"import nuke\n{told}\n{code}\n", encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("gui", [True, False])
def test_plugins_start_in_nukes_order(start_nuke, tmp_path, gui):
    """The last folder's init.py runs first, every menu.py after every init.py, and menus with an interface alone."""
    first, second = plugin(tmp_path, "first"), plugin(tmp_path, "second")
    session = start_nuke(gui=gui, paths=[first, second])
    menus = ["second menu.py", "first menu.py"] if gui else []
    assert session.prints == ["second init.py", "first init.py", *menus]
    assert session.nuke.pluginPath() == [str(first), str(second)]


def test_a_plugin_adds_folders_beside_itself(start_nuke, tmp_path):
    """A relative path in pluginAddPath counts from the init.py that names it; the folder's own files run."""
    outer = plugin(tmp_path, "outer", "nuke.pluginAddPath('./inner')")
    plugin(outer, "inner")
    (outer / "inner" / "inner_module.py").write_text("import nuke\nVERSION = nuke.NUKE_VERSION_STRING\n")
    session = start_nuke(paths=[outer], version="16.0v5")
    assert session.prints == ["outer init.py", "inner init.py", "outer menu.py", "inner menu.py"]
    assert importlib.import_module("inner_module").VERSION == "16.0v5"


def test_a_broken_plugin_keeps_nuke_from_starting(start_nuke, tmp_path):
    """An exception in init.py comes out of the start, and leaves no session behind."""
    broken = plugin(tmp_path, "broken", "1 / 0")
    with pytest.raises(ZeroDivisionError):
        start_nuke(paths=[broken])
    assert "nuke" not in sys.modules
    start_nuke().nuke.nodes.Blur()


def test_nothing_of_a_session_is_left(start_nuke, tmp_path):
    """After a session `nuke` cannot be imported, plug-ins are forgotten, the path is as it was; the next is empty."""
    folder = plugin(tmp_path, "one")
    (folder / "one_module.py").write_text("import nuke\n", encoding="utf-8")
    path = list(sys.path)
    session = start_nuke(paths=[folder])
    node = session.nuke.nodes.Blur()
    importlib.import_module("one_module")
    session.nuke.addOnCreate(print)
    session.quit()
    assert sys.path == path
    assert "one_module" not in sys.modules
    with pytest.raises(ImportError):
        importlib.import_module("nuke")
    with pytest.raises(RuntimeError, match="No session"):
        node.name()
    after = start_nuke()
    assert after.nuke.allNodes() == []
    assert after.callbacks.count("OnCreate") == 0


def test_what_is_put_back_after_a_session_does_not_serve_the_next(start_nuke, tmp_path, monkeypatch):
    """A plug-in's modules that a test puts back once their session is over are imported anew by the next."""
    folder = plugin(tmp_path, "one")
    (folder / "pack").mkdir()
    (folder / "pack/__init__.py").write_text("from . import held\n", encoding="utf-8")
    (folder / "pack/held.py").write_text("import nuke\n", encoding="utf-8")
    session = start_nuke(paths=[folder])
    old = importlib.import_module("pack").held
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pack.held", None)
        session.quit()
    after = start_nuke(paths=[folder])
    held = importlib.import_module("pack.held")
    assert held is not old
    assert held.nuke is after.nuke
    assert importlib.import_module("pack").held is held


def test_a_thread_ends_with_its_session(start_nuke):
    """Who waits for the main thread when Nuke ends is not kept waiting, and asks nothing of the next session."""
    session, lived = start_nuke(), []

    def wait():
        try:
            session.nuke.executeInMainThreadWithResult(lived.append, "a call")
            lived.append("its answer")
        finally:
            session.nuke.executeInMainThreadWithResult(lived.append, "another call")

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    time.sleep(0.05)
    session.quit()
    start_nuke().pump(0.1)
    thread.join(5)
    assert not thread.is_alive()
    assert lived == []


def test_there_is_one_nuke_at_a_time(start_nuke):
    """A second session beside an open one is refused."""
    start_nuke()
    with pytest.raises(RuntimeError, match="open already"):
        start_nuke()


def test_the_version_is_seen_everywhere(start_nuke):
    """Version constants and the environment agree; what is no version is refused."""
    nuke = start_nuke(version="14.1v3", gui=False).nuke
    assert (nuke.NUKE_VERSION_MAJOR, nuke.NUKE_VERSION_MINOR, nuke.NUKE_VERSION_RELEASE) == (14, 1, 3)
    assert nuke.env["NukeVersionString"] == nuke.NUKE_VERSION_STRING == "14.1v3"
    assert (nuke.GUI, nuke.env["gui"]) == (False, False)
    with pytest.raises(ValueError, match="no version"):
        NukeSession(version="latest")


def test_panels_are_registered(nuke_session):
    """A dockable panel is known by its identifier; in a terminal there is no nukescripts for it."""
    scripts = importlib.import_module("nukescripts")
    scripts.panels.registerWidgetAsPanel("make_panel()", "MAM2", "uk.mam2.panel")
    assert nuke_session.panels == {"uk.mam2.panel": ("make_panel()", "MAM2")}


CARELESS_TESTS = """
import threading

pytest_plugins = ["hosts.nuke.fixtures"]

def test_traceback(nuke_session):
    nuke_session.nuke.addOnCreate(lambda: 1 / 0)
    nuke_session.nuke.nodes.Blur()

def test_thread(nuke_session):
    def careless():
        try:
            nuke_session.nuke.allNodes()
        except RuntimeError:
            return
    thread = threading.Thread(target=careless)
    thread.start()
    thread.join()

def test_well(nuke_session):
    nuke_session.nuke.nodes.Blur()
"""


@pytest.mark.usefixtures("start_nuke")
def test_a_traceback_fails_the_test(repository, tmp_path):
    """A test in which Nuke printed a traceback, or was called from a wrong thread, ends in an error."""
    (tmp_path / "test_careless.py").write_text(CARELESS_TESTS, encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(tmp_path), "-c", os.devnull, "--rootdir", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(repository / "tests")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "3 passed, 2 errors" in answer.stdout
