"""What the panel shows of the engine, asked for in a thread of its own: no answer may hold a window up."""

import threading
from dataclasses import dataclass, field
from typing import Any, Optional

from ..contract import EngineClient, EngineError, find

Wanted = tuple[str, int]


@dataclass(frozen=True)
class EngineState:
    """The engine as it was a moment ago.

    Attributes:
        line: one sentence on it.
        running: whether there is one.
        thumbnails: JPEG by shot and frame, of those that were wanted and are there.
    """

    line: str = "Looking for the engine..."
    running: bool = False
    thumbnails: dict[Wanted, bytes] = field(default_factory=dict)


class EngineWatch:
    """The newest state; asking for another returns at once."""

    def __init__(self) -> None:
        self.state = EngineState()
        self._thread: Optional[threading.Thread] = None

    def refresh(self, wanted: tuple[Wanted, ...]) -> None:
        """Begin to ask, unless an answer is still awaited.

        Args:
            wanted: shots with the frame to show of each.
        """
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._ask, args=(wanted,), name="mam2-panel", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for the answer that was asked for last."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _ask(self, wanted: tuple[Wanted, ...]) -> None:
        try:
            engine = find()
            if engine is None:
                self.state = EngineState("No engine is running; the first track starts one.")
                return
            with engine:
                status = engine.status()
                pictures = {one: jpeg for one in wanted for jpeg in _picture(engine, one)}
            self.state = EngineState(_describe(status), running=True, thumbnails=pictures)
        except EngineError as problem:
            self.state = EngineState(str(problem))


def _picture(engine: EngineClient, wanted: Wanted) -> list[bytes]:
    try:
        return [engine.get_thumbnail(*wanted)]
    except EngineError:
        return []  # that frame has no matte yet


def _describe(status: dict[str, Any]) -> str:
    devices = ", ".join(str(device["label"] or device["name"]) for device in status["devices"])
    working = sum(job["state"] in ("queued", "running", "waiting") for job in status["jobs"])
    busy = f"{working} at work" if working else "idle"
    return f"Engine {status['version']} on {devices or 'no device'}: {busy}."
