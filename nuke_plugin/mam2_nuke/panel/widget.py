"""The panel's window. Everything that it shows is read again once a second, in Nuke's main thread."""

from contextlib import suppress
from typing import Any, Optional

import nuke

from .. import running
from ..contract import LOG, EngineError, find, open_privately, runtime_folder
from ..node import NodeGone, our_nodes, result_of
from ..node import find as find_node
from .qt import QtCore, QtGui, QtWidgets
from .state import EngineWatch

_EVERY = 1000  # milliseconds
_THUMBNAIL = (128, 72)
_HELP = (
    "<p><b>A first matte</b></p><ol>"
    "<li>Select the node of your plate and choose <b>MAM2</b> in the node menu.</li>"
    "<li>Press <b>+ point</b> and drag it onto the object in the viewer.</li>"
    "<li>Press <b>Preview this frame</b>; add points or a box until it is right.</li>"
    "<li>Press <b>Track</b>. The matte is in the alpha below the node.</li></ol>"
    "<p>Before a farm renders the script, press <b>Bake</b>.</p>"
)


class Panel(QtWidgets.QWidget):  # type: ignore[misc]
    """What Nuke docks.

    Args:
        parent: the widget that it is docked in.
        watch: tells how the engine stands.
    """

    def __init__(self, parent: Any = None, watch: Optional[EngineWatch] = None) -> None:
        super().__init__(parent)
        self.setObjectName("mam2.Panel")
        self.setWindowTitle("MAM2")
        self._watch = watch or EngineWatch()
        self._cards: dict[str, _Card] = {}
        self._engine = QtWidgets.QLabel()
        self._engine.setWordWrap(True)
        self._help = QtWidgets.QLabel(_HELP)
        self._help.setWordWrap(True)
        self._list = QtWidgets.QVBoxLayout()
        self._list.setContentsMargins(0, 0, 0, 0)
        self._build()
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(_EVERY)
        self.refresh()

    def refresh(self) -> None:
        """Show how things stand now."""
        nodes = our_nodes()
        self._watch.refresh(_wanted(nodes))
        state = self._watch.state
        colour = "#5fb878" if state.running else "#999999"
        self._engine.setText(f"<span style='color:{colour}'>&#9679;</span> {state.line}")
        self._help.setVisible(not nodes)
        there = {str(node["uid"].value()): node for node in nodes}
        for uid in set(self._cards) - set(there):
            card = self._cards.pop(uid)
            self._list.removeWidget(card)
            card.deleteLater()
        for uid, node in there.items():
            if uid not in self._cards:
                self._cards[uid] = _Card(uid)
                self._list.addWidget(self._cards[uid])
            self._cards[uid].show_node(node, state.thumbnails.get(_shown(node)))

    def _build(self) -> None:
        page, log = QtWidgets.QPushButton("Engine page"), QtWidgets.QPushButton("Log")
        page.setToolTip("Open the engine's own page in the browser: devices, queue, every shot.")
        log.setToolTip("Open the engine's log.")
        page.clicked.connect(self._open_page)
        log.clicked.connect(_open_log)
        top = QtWidgets.QHBoxLayout()
        top.addWidget(self._engine, 1)
        top.addWidget(page)
        top.addWidget(log)
        inside = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(inside)
        column.addWidget(self._help)
        column.addLayout(self._list)
        column.addStretch(1)
        scroll = QtWidgets.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.NoFrame)
        scroll.setWidget(inside)
        whole = QtWidgets.QVBoxLayout(self)
        whole.addLayout(top)
        whole.addWidget(scroll, 1)

    def _open_page(self) -> None:
        try:
            engine = find()
            if engine is None:
                self._engine.setText("No engine is running; the first track starts one.")
                return
            with engine:
                open_privately(engine.connection.url + engine.monitor_link())
        except (EngineError, OSError) as problem:
            self._engine.setText(str(problem))


class _Card(QtWidgets.QFrame):  # type: ignore[misc]
    """One node: picture, name, what its status says, how far its track is."""

    def __init__(self, uid: str) -> None:
        super().__init__()
        self._uid = uid
        self.setFrameShape(QtWidgets.QFrame.StyledPanel)
        self._picture = QtWidgets.QLabel("no matte yet")
        self._picture.setFixedSize(*_THUMBNAIL)
        self._picture.setAlignment(QtCore.Qt.AlignCenter)
        self._name, self._status = QtWidgets.QLabel(), QtWidgets.QLabel()
        self._status.setWordWrap(True)
        self._bar = QtWidgets.QProgressBar()
        self._bar.setRange(0, 100)
        self._stop, show = QtWidgets.QPushButton("Stop"), QtWidgets.QPushButton("Show")
        self._stop.setToolTip("Stop this track; mattes that are done stay.")
        show.setToolTip("Open this node's properties.")
        self._stop.clicked.connect(lambda: running.stop(self._uid))
        show.clicked.connect(self._show)
        head = QtWidgets.QHBoxLayout()
        head.addWidget(self._name, 1)
        head.addWidget(self._stop)
        head.addWidget(show)
        words = QtWidgets.QVBoxLayout()
        words.addLayout(head)
        words.addWidget(self._status)
        words.addStretch(1)
        words.addWidget(self._bar)  # a line of its own: a docked panel is narrow
        row = QtWidgets.QHBoxLayout(self)
        row.addWidget(self._picture, 0, QtCore.Qt.AlignTop)
        row.addLayout(words, 1)

    def show_node(self, node: Any, jpeg: Optional[bytes]) -> None:
        """Show how a node stands."""
        self._name.setText(f"<b>{node.fullName()}</b>")
        self._status.setText(str(node["status"].value()))
        progress = running.progress_of(self._uid)
        for widget in (self._bar, self._stop):
            widget.setVisible(progress is not None)
        if progress is not None:
            self._bar.setValue(int(100 * progress.share))
            self._bar.setFormat(progress.message)
        picture = QtGui.QPixmap()
        if jpeg and picture.loadFromData(jpeg):
            keep, smooth = QtCore.Qt.KeepAspectRatio, QtCore.Qt.SmoothTransformation
            self._picture.setPixmap(picture.scaled(*_THUMBNAIL, keep, smooth))

    def _show(self) -> None:
        with suppress(NodeGone):
            find_node(self._uid).showControlPanel()


def _shown(node: Any) -> tuple[str, int]:
    """Give the shot and frame whose picture stands for a node: the current frame where it has a matte."""
    result = result_of(node)
    frames = sorted(next(iter(result.frames.values()), {})) if result else []
    views = list(result.frames) if result else [""]
    now = int(nuke.frame())
    name = "nuke-{}{}".format(node["uid"].value(), "-" + views[0] if views and views[0] else "")
    return name, now if now in frames or not frames else min(frames, key=lambda frame: abs(frame - now))


def _wanted(nodes: list[Any]) -> tuple[tuple[str, int], ...]:
    return tuple(_shown(node) for node in nodes if node["has_matte"].value() or running.is_running(node["uid"].value()))


def _open_log() -> None:
    QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(runtime_folder() / LOG)))
