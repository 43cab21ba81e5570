"""nuke.Undo: what was done, and how to take it back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .current import police, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Entry:
    """One step that undo takes back as a whole."""

    name: str
    steps: list[tuple[Callable[[], None], Callable[[], None]]] = field(default_factory=list)


class History:
    """The steps done and undone. Steps name their nodes and knobs: objects do not survive an undo."""

    def __init__(self) -> None:
        self.done: list[Entry] = []
        self.undone: list[Entry] = []
        self.open: list[Entry] = []
        self.disabled = 0

    def record(self, name: str, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Remember a step, in the open entry or as one of its own."""
        if self.disabled:
            return
        if self.open:
            self.open[-1].steps.append((undo, redo))
            return
        self._keep(Entry(name, [(undo, redo)]))

    def _keep(self, entry: Entry) -> None:
        if entry.steps:
            self.done.append(entry)
            self.undone.clear()

    def end(self) -> None:
        """Close the open entry; one within another joins it."""
        entry = self.open.pop()
        if self.open:
            self.open[-1].steps += entry.steps
        else:
            self._keep(entry)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Do something that undo does not take back."""
        self.disabled += 1
        try:
            yield
        finally:
            self.disabled -= 1

    def undo(self) -> None:
        """Take the last entry back."""
        if self.done:
            entry = self.done.pop()
            with self.paused():
                for back, _ in reversed(entry.steps):
                    back()
            self.undone.append(entry)

    def redo(self) -> None:
        """Do the last undone entry again."""
        if self.undone:
            entry = self.undone.pop()
            with self.paused():
                for _, again in entry.steps:
                    again()
            self.done.append(entry)


@police
class Undo:
    """`with nuke.Undo("name"):` makes one step of many. All methods may also be called on the class."""

    def __init__(self, name: str = "") -> None:
        self._name = name

    def __enter__(self):
        session().history.open.append(Entry(self._name))
        return self

    def __exit__(self, *args, **kwargs):
        session().history.end()

    @staticmethod
    def begin(name=""):
        session().history.open.append(Entry(name))

    @staticmethod
    def end():
        session().history.end()

    @staticmethod
    def name(s):
        session().history.open[-1].name = s

    @staticmethod
    def new(name=""):
        session().history.end()
        session().history.open.append(Entry(name))

    @staticmethod
    def cancel():
        entry = session().history.open.pop()
        with session().history.paused():
            for back, _ in reversed(entry.steps):
                back()

    @staticmethod
    def undo():
        session().history.undo()

    @staticmethod
    def redo():
        session().history.redo()

    @staticmethod
    def disable():
        session().history.disabled += 1

    @staticmethod
    def enable():
        history = session().history
        if not history.disabled:
            raise RuntimeError("Undo.enable without Undo.disable")
        history.disabled -= 1

    @staticmethod
    def disabled():
        return bool(session().history.disabled)

    @staticmethod
    def undoSize():
        return len(session().history.done)

    @staticmethod
    def redoSize():
        return len(session().history.undone)

    @staticmethod
    def undoDescribe():
        done = session().history.done
        return done[-1].name if done else ""
