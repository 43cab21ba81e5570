"""The main thread's queue, and progress bars: the only doors for other threads."""

from __future__ import annotations

import contextlib
import queue
import threading
import traceback
from typing import TYPE_CHECKING, Any

from .current import Ended, session

if TYPE_CHECKING:
    from collections.abc import Callable


class Request:
    """A call that waits for the main thread."""

    def __init__(self, call: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> None:
        self._call = call
        self._args = args if isinstance(args, tuple) else (args,)
        self._kwargs = kwargs
        self._done = threading.Event()
        self._result: Any = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Make the call, on the main thread. Whoever does not wait sees its exception in the terminal only."""
        try:
            self._result = self._call(*self._args, **self._kwargs)
        except Exception as error:  # noqa: BLE001 - it belongs to the thread that asked
            self._error = error
            session().tracebacks.append(traceback.format_exc())
        self._done.set()

    def drop(self) -> None:
        """Nuke ends before the call is made: who waits for it ends too."""
        self._error = Ended()
        self._done.set()

    def wait(self, seconds: float) -> Any:
        """Wait for the result.

        Raises:
            RuntimeError: nobody ran the main thread's queue: in Nuke this thread would hang for ever.
            BaseException: what the call raised.
        """
        if not self._done.wait(seconds):
            raise RuntimeError(
                "executeInMainThreadWithResult would hang: the main thread does not run its queue. "
                "In terminal mode it never does while Python runs."
            )
        if self._error is not None:
            raise self._error
        return self._result


class MainQueue:
    """Calls for the main thread, in order."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._is_closed = False

    def put(self, request: Request) -> None:
        """Add a call."""
        self._requests.put(request)
        if self._is_closed:
            self.close()

    def close(self) -> None:
        """Make no more calls: Nuke ends."""
        self._is_closed = True
        while not self._requests.empty():
            with contextlib.suppress(queue.Empty):
                self._requests.get_nowait().drop()

    def run_one(self, seconds: float) -> bool:
        """Run the next call, waiting for it so long; say whether there was one."""
        try:
            request = self._requests.get(timeout=seconds) if seconds > 0 else self._requests.get_nowait()
        except queue.Empty:
            return False
        request.run()
        return True


def _request(call: Any, args: Any, kwargs: Any) -> Request:
    world = session()
    if threading.current_thread() is world.main_thread:
        raise RuntimeError("executeInMainThread was called from the main thread; call the function itself")
    if threading.current_thread() in world.strangers:
        raise Ended
    request = Request(call, args, kwargs)
    world.queue.put(request)
    return request


def executeInMainThread(call, args=(), kwargs={}):  # noqa: B006 - Nuke's own signature
    """Have the main thread call something some time."""
    _request(call, args, kwargs)


def executeInMainThreadWithResult(call, args=(), kwargs={}):  # noqa: B006 - Nuke's own signature
    """Have the main thread call something, and wait for what it gives."""
    return _request(call, args, kwargs).wait(session().patience)


class ProgressTask:
    """A progress bar, from any thread. It is there until the object is gone; a test presses its cancel button."""

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._world = session()
        self._world.progress_log.append((name, "begin", None))
        self._world.progress_tasks.append(name)

    def __del__(self) -> None:
        if hasattr(self, "_world") and self._name in self._world.progress_tasks:
            self._world.progress_tasks.remove(self._name)
            self._world.progress_log.append((self._name, "end", None))

    def setProgress(self, i):
        if not isinstance(i, int):
            raise TypeError(f"an integer is required, not {type(i).__name__}")
        self._world.progress_log.append((self._name, "progress", i))

    def setMessage(self, s):
        if not isinstance(s, str):
            raise TypeError(f"a str is required, not {type(s).__name__}")
        self._world.progress_log.append((self._name, "message", s))

    def isCancelled(self):
        return self._name in self._world.cancelled_tasks or "*" in self._world.cancelled_tasks
