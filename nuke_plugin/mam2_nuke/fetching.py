"""Following a job and bringing its mattes home, in a thread that never calls Nuke."""

import threading
from pathlib import Path
from typing import Any, Callable, Optional

from . import __version__
from .contract import (
    EngineClient,
    EngineError,
    JobEvent,
    ServiceError,
    engine_command,
    error_from_json,
    find_or_start,
)
from .waiting import Cancelled

_REVIVALS = 3


def connect() -> EngineClient:
    """Give a client of the engine, starting one if there is none.

    Raises:
        ServiceError: there is none and none can be started, or it is of another version than this plug-in knows.
    """
    client = find_or_start(engine_command())
    theirs = client.connection.version
    if theirs.split(".")[:2] != __version__.split(".")[:2]:
        client.close()
        raise ServiceError(
            "engine.version",
            f"The engine that is running is version {theirs}, but this plug-in is made for {__version__}.",
            "Install both of one version, end the engine that is running, and track again.",
        )
    return client


class Fetcher:
    """Mattes of one job, written as they are done.

    Args:
        connect: gives a client of an engine, starting one if the last has gone.
        shot: the engine's name of it.
        job: to be followed.
        target: gives the file of a frame's mattes.
        preview: whether the job is a preview.

    Attributes:
        total: frames that the job will give.
        error: why it ended without an end; None when all went well.
        state: the job's last word: `done`, `failed`, `cancelled`, or empty while it goes on.
    """

    def __init__(
        self, connect: Callable[[], EngineClient], shot: str, job: str, target: Callable[[int], Path], *, preview: bool
    ) -> None:
        self.total = 0
        self.error: Optional[EngineError] = None
        self.state = ""
        self._connect, self._shot, self._job, self._target, self._preview = connect, shot, job, target, preview
        self._after, self._revived_at = 0, -1
        self._missing: list[int] = []
        self._frames: list[int] = []
        self._left = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="mam2-fetch", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for the end; tell whether it has come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to come."""
        return not self._thread.is_alive()

    def leave(self, seconds: float) -> None:
        """Wait for the end no longer than this; what comes later is not taken."""
        self._thread.join(seconds)
        with self._lock:
            self._left = True

    def done(self) -> list[int]:
        """Give the frames that are here, in the order in which they came."""
        with self._lock:
            return list(self._frames)

    def verdict(self) -> None:
        """Raise what became of the job, unless all went well.

        Raises:
            EngineError: why it ended without an end.
            Cancelled: somebody else cancelled it.
        """
        if self.error is not None:
            raise self.error
        if self.state == "cancelled":
            raise Cancelled

    def take_missing(self) -> list[int]:
        """Give the plates that the engine waits for, each time it said so once."""
        with self._lock:
            missing, self._missing = self._missing, []
        return missing

    def _run(self) -> None:
        revivals = 0
        while self.error is None and not self.state and not self._left:
            try:
                self._follow()
            except EngineError as problem:  # noqa: PERF203 - once a broken connection, not once an event
                # The engine was killed: its successor knows the job, and goes on from its last finished frame.
                revivals = revivals + 1 if self._after == self._revived_at else 1
                self._revived_at = self._after
                if problem.code != "engine.unreachable" or revivals > _REVIVALS:
                    self.error = problem
            except OSError as problem:
                self.error = EngineError(
                    "cache.unwritable",
                    f"A matte cannot be written: {problem.strerror or problem}.",
                    "Make room on that disk, or choose another folder under Cache.",
                )

    def _follow(self) -> None:
        with self._connect() as follower, self._connect() as getter:
            for event in follower.events(self._job, self._after):
                if self._left:
                    return
                self._take(event, getter)
                self._after = event.id

    def _take(self, event: JobEvent, getter: EngineClient) -> None:
        data: dict[str, Any] = event.data
        if event.kind == "started":
            self.total = int(data.get("total", 0))
        elif event.kind == "waiting":
            with self._lock:
                self._missing = [int(frame) for frame in data.get("missing", ())]
        elif event.kind == "frame":
            frame = int(data["frame"])
            getter.get_matte(self._shot, frame, self._target(frame), preview=self._preview)
            with self._lock:
                if frame not in self._frames and not self._left:
                    self._frames.append(frame)
        elif event.ends:
            self.state = event.kind
            if event.kind == "failed":
                self.error = error_from_json(data.get("error", {}))
