"""Stopping a track: the node is free again at once, whatever the engine does."""

import os
import signal
import threading
import time

import pytest
from comp import FIRST, Comp, centre

LONG = (FIRST, FIRST + 29)  # so that a track is still under way when it is stopped
SECOND = 1.0


@pytest.fixture
def comp(artist, tmp_path, shared_engine):
    """Give a comp of thirty frames with one click, and an engine that answers."""
    del shared_engine
    comp = Comp(artist, tmp_path, LONG)
    comp.add_point(FIRST, *centre(FIRST))
    return comp


def _running(comp):
    import mam2_nuke.running

    return mam2_nuke.running.is_running(comp.node["uid"].value())


def _seconds_until_free(comp, press):
    """Press something and give the seconds until the node can be tracked again, by the clock that the artist sees."""
    pressed = time.monotonic()
    press()
    comp.session.pump_until(lambda: not _running(comp), 30.0)
    return time.monotonic() - pressed


def _panel_stop(comp):
    """Open the panel and give its Stop button's click."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    widgets = pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError)
    application = widgets.QApplication.instance() or widgets.QApplication([])
    from mam2_nuke.panel.widget import Panel

    panel = Panel()
    panel.show()
    application.processEvents()
    (button,) = [one for one in panel.findChildren(widgets.QPushButton) if one.text() == "Stop" and one.isVisible()]
    assert comp.node.name() in " ".join(label.text() for label in panel.findChildren(widgets.QLabel))

    def click():
        button.click()
        panel.deleteLater()

    return click


def _ended(comp, engine):
    """Wait until the engine works on nothing of a comp; give the states of its jobs."""
    uid = comp.node["uid"].value()
    ends = time.monotonic() + 10
    with engine.client() as client:
        while time.monotonic() < ends:
            states = {job["state"] for job in client.status()["jobs"] if uid in job["shot"]}
            if not states & {"queued", "running", "waiting"}:
                return states
            time.sleep(0.05)
    return states


@pytest.mark.parametrize("way", ["the node's Stop", "the bar's Cancel", "the panel's Stop"])
def test_a_stopped_track_frees_its_node_within_a_second_and_keeps_what_is_done(comp, shared_engine, way):
    """Stop and Cancel free the node within a second; it reads the mattes that were done and names the others."""
    comp.node["track_forward"].execute()
    comp.wait_for_mattes(2)
    press = {
        "the node's Stop": comp.node["stop"].execute,
        "the bar's Cancel": comp.session.press_cancel,
        "the panel's Stop": _panel_stop(comp) if "panel" in way else None,
    }[way]
    seconds = _seconds_until_free(comp, press)
    assert seconds < SECOND
    assert comp.status.startswith(f"Stopped. Mattes of {FIRST}")
    assert "not tracked" in comp.status
    assert comp.node["has_matte"].value() == 1
    assert _ended(comp, shared_engine) == {"cancelled"}


def test_a_stopped_preview_frees_its_node_within_a_second(comp, shared_engine):
    """A preview is stopped like a track; the node shows what it showed before."""
    comp.nuke.frame(FIRST + 20)
    comp.node["preview"].execute()
    comp.session.pump(0.2)
    seconds = _seconds_until_free(comp, comp.node["stop"].execute)
    assert seconds < SECOND
    assert comp.status.startswith("Stopped before the first matte was done")
    assert comp.node["previewed"].value() < 0
    assert _ended(comp, shared_engine) <= {"cancelled"}


def test_an_engine_that_hangs_does_not_hold_its_node(comp, shared_engine):
    """With an engine that answers nothing any more, Stop still frees the node within a second."""
    comp.node["track_forward"].execute()
    comp.wait_for_mattes(2)
    shared_engine.process.send_signal(signal.SIGSTOP)
    try:
        seconds = _seconds_until_free(comp, comp.node["stop"].execute)
    finally:
        shared_engine.process.send_signal(signal.SIGCONT)
    assert seconds < SECOND
    assert comp.status.startswith(f"Stopped. Mattes of {FIRST}")
    assert _ended(comp, shared_engine) == {"cancelled"}  # what was asked of it is done as soon as it can


def test_an_engine_that_is_still_starting_does_not_hold_its_node(artist, tmp_path, monkeypatch):
    """Stop while the engine is being started frees the node within a second; nothing was made."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("MAM2_COMMAND", "sleep 3")
    comp = Comp(artist, tmp_path, LONG)
    comp.add_point(FIRST, *centre(FIRST))
    comp.node["track_forward"].execute()
    artist.pump(0.3)
    assert _seconds_until_free(comp, comp.node["stop"].execute) < SECOND
    assert comp.status.startswith("Stopped before the first matte was done")
    assert not list((tmp_path / "cache").rglob("v0*"))
    artist.pump_until(lambda: not [t for t in threading.enumerate() if t.name == "mam2-ask"], 30.0)


def test_a_stopped_node_is_tracked_again_at_once(comp):
    """The next track goes on from the mattes that are done and ends with all of them."""
    comp.node["track_forward"].execute()
    comp.wait_for_mattes(3)
    _seconds_until_free(comp, comp.node["stop"].execute)
    comp.node["track_forward"].execute()
    comp.session.pump_until(lambda: not _running(comp), 90.0)
    assert comp.status == f"Mattes of {LONG[0]}-{LONG[1]} are up to date."
