"""A worker's signs of life: that its process runs, and for how long it has been at what it is doing."""

import threading
import time
from collections.abc import Callable

from engine.service.messages import News

BEAT = 5.0  # seconds between two signs


class Pulse:
    """Says that the worker lives, from a thread of its own.

    Args:
        say: sends a message to the service.
        beat: seconds between two signs.
    """

    def __init__(self, say: Callable[[News], None], beat: float = BEAT) -> None:
        self._say, self._beat = say, beat
        self._since: float | None = time.monotonic()
        threading.Thread(target=self._run, daemon=True).start()

    def at_work(self, yes: bool) -> None:
        """Note that a step begins, or that there is nothing to do."""
        self._since = time.monotonic() if yes else None

    def _run(self) -> None:
        while True:
            since = self._since
            try:
                self._say({"is": "alive", "busy": 0.0 if since is None else time.monotonic() - since})
            except OSError:  # nobody listens any more: the process is about to end
                return
            time.sleep(self._beat)
