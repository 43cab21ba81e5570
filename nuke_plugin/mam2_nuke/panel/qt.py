"""Qt as the host brings it: PySide 6 from Nuke 16 on, PySide 2 before, none in a terminal."""

import importlib
from contextlib import suppress
from types import SimpleNamespace
from typing import Any


def _binding() -> Any:
    for name in ("PySide6", "PySide2"):
        with suppress(ImportError):
            for part in ("QtCore", "QtGui", "QtWidgets"):
                importlib.import_module(f"{name}.{part}")
            return importlib.import_module(name)
    return SimpleNamespace(QtCore=None, QtGui=None, QtWidgets=None)


_qt = _binding()
QtCore, QtGui, QtWidgets = _qt.QtCore, _qt.QtGui, _qt.QtWidgets

__all__ = ["QtCore", "QtGui", "QtWidgets"]
