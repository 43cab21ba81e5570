"""The dockable panel, drawn without a screen."""

import os

import pytest
from comp import FIRST, Comp, centre

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
try:
    from PySide6 import QtWidgets
except ImportError:  # Nuke before 16; on Debian: python3-pyside2.qtwidgets
    QtWidgets = pytest.importorskip("PySide2.QtWidgets", exc_type=ImportError)


@pytest.fixture
def application():
    """Give the one Qt application of the process."""
    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


def _panel(application, watch=None):
    from mam2_nuke.panel.widget import Panel

    panel = Panel(watch=watch)
    panel.resize(460, 300)
    panel.show()
    application.processEvents()
    return panel


def _texts(panel):
    return " ".join(label.text() for label in panel.findChildren(QtWidgets.QLabel) if label.isVisible())


def test_an_empty_script_shows_how_to_begin(artist, application, tmp_path, monkeypatch):
    """Without a node the panel is the first-run help, and says that the first track starts an engine."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))
    assert artist.panels["mam2.Panel"] == ("mam2_nuke.panel.widget.Panel", "MAM2")
    panel = _panel(application)
    panel._watch.wait(10)
    panel.refresh()
    assert "A first matte" in _texts(panel)
    assert "No engine is running" in _texts(panel)
    panel.deleteLater()


def test_a_tracked_node_has_its_picture_and_what_it_says(artist, application, tmp_path, engine):
    """A node appears by name with its status and a picture of its matte, and is gone when it is deleted."""
    del engine
    comp = Comp(artist, tmp_path, (FIRST, FIRST + 2))
    comp.add_point(FIRST, *centre(FIRST))
    panel = _panel(application)
    comp.node["track_forward"].execute()
    import mam2_nuke.running

    artist.pump(0.3)
    panel.refresh()
    assert [bar for bar in panel.findChildren(QtWidgets.QProgressBar) if bar.isVisible()]
    artist.pump_until(lambda: not mam2_nuke.running.is_running(comp.node["uid"].value()), 60.0)
    for _ in range(2):
        panel.refresh()
        panel._watch.wait(20)
    panel.refresh()
    application.processEvents()
    assert "MAM2" in _texts(panel)
    assert "are up to date" in _texts(panel)
    assert panel._watch.state.running
    card = panel._cards[comp.node["uid"].value()]
    assert card._picture.pixmap() is not None
    assert not card._picture.pixmap().isNull()
    shot = os.environ.get("MAM2_TEST_SCREENSHOTS")
    if shot:
        panel.grab().save(os.path.join(shot, "nuke-panel.png"))  # noqa: PTH118
    artist.nuke.delete(comp.node)
    panel.refresh()
    assert not panel._cards
    panel.deleteLater()
