"""The one open session, and the guards on every door into it: right thread, node still there."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .session import NukeSession

# Nuke is one per process, and so is what stands in for it.
_open: list[NukeSession] = []


class WrongThreadError(RuntimeError):
    """A call into Nuke from a thread that may not make it. The real Nuke crashes, now or later, without a word."""


class Ended(SystemExit):
    """Nuke's process is over, and with it this thread, which would not have lived to see another session."""


def session() -> NukeSession:
    """The open session."""
    if not _open:
        raise RuntimeError("No session of the stand-in for Nuke is open; this object outlived the one that made it.")
    return _open[0]


def open_session(new: NukeSession) -> None:
    """Make a session the open one."""
    if _open:
        raise RuntimeError("A session of the stand-in for Nuke is open already; close it first.")
    _open.append(new)


def close_session(old: NukeSession) -> None:
    """Leave no session open."""
    _open.remove(old)


def check_thread(name: str) -> None:
    """Refuse, and remember, a call from any thread but the main one."""
    world = session()
    if threading.current_thread() in world.strangers:
        raise Ended
    if threading.current_thread() is not world.main_thread:
        complaint = f"nuke.{name} was called from {threading.current_thread().name}, not from Nuke's main thread"
        world.violations.append(complaint)
        raise WrongThreadError(complaint)


def policed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of the module be called from the main thread alone."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        check_thread(function.__name__)
        return function(*args, **kwargs)

    return guarded


_DUNDERS = {"__getitem__", "__setitem__", "__len__", "__enter__", "__exit__", "__iter__", "__next__", "__call__"}


def police(cls: type) -> type:
    """Guard every public method of a class: main thread alone, and the node behind it must still exist."""
    for name, member in list(vars(cls).items()):
        if isinstance(member, staticmethod):
            setattr(cls, name, staticmethod(policed(member.__func__)))
        elif callable(member) and not isinstance(member, (classmethod, type)):
            if name.startswith("_") and name not in _DUNDERS:
                continue
            setattr(cls, name, _guarded_method(cls.__name__, name, member))
    return cls


def _guarded_method(owner: str, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_thread(f"{owner}.{name}")
        if getattr(self, "_is_gone", bool)():
            raise ValueError("A PythonObject is not attached to a node")
        return method(self, *args, **kwargs)

    return guarded
