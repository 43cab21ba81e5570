"""Nuke's threads, dialogs and progress: all that differs between an artist's session and a terminal."""

import threading
from contextlib import suppress
from typing import Any, Callable, Optional, TypeVar

import nuke

Result = TypeVar("Result")
_said: list[str] = []


def on_main(call: Callable[..., Result], *arguments: Any) -> Result:
    """Run a call in Nuke's main thread and give what it gives, or raise what it raises.

    In a terminal nobody serves the main thread while Python runs in it, and everything of ours runs there anyway.
    """
    if threading.current_thread() is threading.main_thread():
        return call(*arguments)
    outcome: list[tuple[Optional[BaseException], Any]] = []

    def guarded() -> None:
        try:
            outcome.append((None, call(*arguments)))
        except Exception as problem:  # noqa: BLE001 - raised again where it was asked for
            outcome.append((problem, None))

    nuke.executeInMainThreadWithResult(guarded)  # type: ignore[no-untyped-call]
    problem, result = outcome[0]
    if problem is not None:
        raise problem
    return result  # type: ignore[no-any-return]


def later(call: Callable[[], object]) -> None:
    """Have Nuke's main thread make a call some time; in a terminal, make it now."""
    if threading.current_thread() is threading.main_thread():
        call()
    else:
        nuke.executeInMainThread(call)


def quiet(call: Callable[[], object]) -> None:
    """Make a call; what goes wrong is one line in the terminal, once, and never in the way of a paste, load or drag."""
    try:
        call()
    except Exception as problem:  # noqa: BLE001 - whatever it is, the artist goes on
        text = f"MAM2: {type(problem).__name__}: {problem}. Please report it."
        if text not in _said:
            _said.append(text)
            with suppress(RuntimeError):  # Nuke may be closing
                nuke.tprint(text)


def run_beside(work: Callable[[], None], name: str) -> None:
    """Run work beside an artist's session; in a terminal run it now."""
    if nuke.GUI:
        threading.Thread(target=work, name=name, daemon=True).start()
    else:
        work()


def say(text: str) -> None:
    """Tell a person something that they asked for: a dialog, or a line in the terminal."""
    if nuke.GUI:
        nuke.message(text)
    else:
        nuke.tprint(text)


class Progress:
    """Nuke's own progress bar with its Cancel; any thread may use it.

    Args:
        title: what is going on.

    Attributes:
        message: what was shown last.
        share: how much of it is done, 0..1.
    """

    def __init__(self, title: str) -> None:
        self._task: Any = nuke.ProgressTask(title)
        self.message = ""
        self.share = 0.0

    def show(self, message: str, done: int, total: int) -> None:
        """Show how far it is."""
        self.message, self.share = message, done / total if total else 0.0
        if self._task is not None:
            self._task.setMessage(message)
            self._task.setProgress(int(100 * self.share))

    @property
    def cancelled(self) -> bool:
        """Whether the artist has pressed Cancel."""
        return self._task is not None and bool(self._task.isCancelled())

    def close(self) -> None:
        """Take the bar away."""
        self._task = None  # Nuke's bar lives for as long as its object


class without_undo:  # noqa: N801 - reads as a statement
    """Changes inside leave no step for the artist to undo."""

    def __enter__(self) -> None:
        nuke.Undo.disable()

    def __exit__(self, *_: object) -> None:
        with suppress(RuntimeError):
            nuke.Undo.enable()
