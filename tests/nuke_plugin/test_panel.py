"""The dockable panel, drawn without a screen."""

import os
import subprocess
import sys
from pathlib import Path

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


def _picture(panel, name):
    """Save what the panel looks like, for whoever wants to see it, in Nuke's greys."""
    folder = os.environ.get("MAM2_TEST_SCREENSHOTS")
    if folder:
        panel.setStyleSheet("* { background: #323232; color: #c8c8c8 } QPushButton { background: #4a4a4a }")
        QtWidgets.QApplication.processEvents()
        panel.grab().save(str(Path(folder) / f"nuke-panel-{name}.png"))


def _texts(panel):
    return " ".join(label.text() for label in panel.findChildren(QtWidgets.QLabel) if label.isVisible())


def test_an_empty_script_shows_how_to_begin(artist, application, tmp_path, monkeypatch):
    """Without a node the panel is the first-run help, and says that the first track starts an engine."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))
    assert artist.panels["mam2.Panel"][1] == "MAM2"
    assert artist.open_panel("mam2.Panel").__name__ == "Panel"
    panel = _panel(application)
    panel._watch.wait(10)
    panel.refresh()
    assert "A first matte" in _texts(panel)
    assert "No engine is running" in _texts(panel)
    _picture(panel, "empty")
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
    _picture(panel, "tracking")
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
    _picture(panel, "done")
    artist.nuke.delete(comp.node)
    panel.refresh()
    assert not panel._cards
    panel.deleteLater()


_OF_THE_SYSTEM = """
import sys
from pathlib import Path
import PySide2.QtWidgets, shiboken2
print(*sys.version_info[:2], Path(PySide2.__file__).parent.parent)
"""


def test_the_panel_is_the_same_under_pyside_2(tmp_path, repository):
    """With the system's PySide 2 in place of PySide 6, as Nuke 14 and 15 have it, the panel keeps its promises."""
    if not Path("/usr/bin/python3").exists() or QtWidgets.__name__.startswith("PySide2"):
        pytest.skip("no Python of the system, or this run is under PySide 2 already")
    found = subprocess.run(["/usr/bin/python3", "-c", _OF_THE_SYSTEM], capture_output=True, text=True, check=False)
    if found.returncode or found.stdout.split()[:2] != [str(part) for part in sys.version_info[:2]]:
        pytest.skip("no PySide 2 for this Python (on Debian: python3-pyside2.qtwidgets)")
    for name in ("PySide2", "shiboken2"):
        (tmp_path / name).symlink_to(Path(found.stdout.split()[2]) / name)
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6" / "__init__.py").write_text("raise ImportError('this host has PySide 2')\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", __file__, "-q", "-p", "no:cacheprovider", "-k", "not pyside_2"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "skipped" not in done.stdout
