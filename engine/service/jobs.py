"""Jobs, their history on disk, and whose turn it is: progress can be joined again, also after a restart."""

import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import anyio

from engine.contract.errors import ServiceError
from engine.contract.events import JobEvent
from engine.service.store import set_aside

MOST_ENDED, MOST_EVENTS = 500, 100_000  # jobs that are over and still remembered, and their events: 60 MB


_WORK = {"started": "running", "frame": "running"}
_END = {"done": "done", "failed": "failed", "cancelled": "cancelled"}
MOVES: dict[str, dict[str, str]] = {
    "queued": {"queued": "queued", "waiting": "waiting", **_WORK, **_END},
    "running": {"waiting": "waiting", **_WORK, **_END},
    "waiting": {**_WORK, **_END},
    "done": {},
    "failed": {},
    "cancelled": {},
}
"""A job's states: what may happen in each, and the state that follows. What does not stand here does not happen."""


@dataclass
class Job:
    """One job.

    Attributes:
        id: its name.
        shot: what it works on.
        kind: `preview`, `track` or `batch`.
        frame: of a preview.
        width: at which a preview is shown; None: at the plate's.
        direction: of a track; None: as declared.
        plate_timeout: seconds that it waits for its next plate.
        created: seconds since 1970.
        state: one of `MOVES`.
        events: what has happened, oldest first; their numbers count from 1.
        waiting: since when it has been waiting for plates, by `time.monotonic`.
        total: frames that will have mattes at its end.
        done: the frames that have.
        quality: how the matter worked on the last frame: see `Runs.quality`.
    """

    id: str
    shot: str
    kind: str
    frame: int | None = None
    width: int | None = None
    direction: str | None = None
    plate_timeout: float = 120.0
    created: float = 0.0
    state: str = "queued"
    events: list[JobEvent] = field(default_factory=list)
    waiting: float | None = None
    total: int = 0
    done: set[int] = field(default_factory=set)
    quality: dict[str, int] | None = None

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return not MOVES[self.state]

    @property
    def error(self) -> dict[str, Any] | None:
        """Why it failed, as `EngineError.to_json`."""
        return self.events[-1].data.get("error") if self.ended else None

    def took(self, event: JobEvent) -> None:
        """Take in what has happened."""
        self.events.append(event)
        self.state = MOVES[self.state][event.kind]
        self.total = event.data.get("total", self.total)
        if event.kind == "frame":
            self.done.add(event.data["frame"])
            self.quality = event.data.get("quality")
        self.waiting = time.monotonic() if event.kind == "waiting" else None


class JobBook:
    """All jobs.

    Args:
        folder: where they are kept; those that had not ended when an engine did are in `unfinished`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._news = anyio.Event()
        self.jobs: dict[str, Job] = {}
        found = [job for job in map(_load, folder.glob("*.jsonl")) if job is not None]
        for job in sorted(found, key=lambda job: job.created):
            self.jobs[job.id] = job
        self._last_created = max((job.created for job in found), default=0.0)
        self._unsaved: dict[str, str] = {}
        self._forget_old()

    def unfinished(self) -> list[Job]:
        """Give the jobs that are not over, oldest first."""
        return [job for job in self.jobs.values() if not job.ended]

    def add(self, shot: str, kind: str, **how: Any) -> Job:
        """Make a job; it is on disk when this returns.

        Raises:
            OSError: it cannot be written; there is no job then.
        """
        self._last_created = max(time.time(), self._last_created + 1e-6)  # in order, though the clock is set back
        job = Job(secrets.token_hex(8), shot, kind, created=self._last_created, **how)
        facts = {key: value for key, value in asdict(job).items() if key in _KEPT}
        try:
            _append(self._path(job), json.dumps(facts) + "\n")
        except OSError:
            with suppress(OSError):
                self._path(job).unlink()
            raise
        self.jobs[job.id] = job
        self.tell(job, "queued")
        self._forget_old()
        return job

    def get(self, name: str) -> Job:
        """Give a job.

        Raises:
            ServiceError: `job.unknown`.
        """
        if name not in self.jobs:
            raise ServiceError("job.unknown", f"There is no job '{name[:40]}'.", "It may be long over; start another.")
        return self.jobs[name]

    def of(self, shot: str) -> list[Job]:
        """Give a shot's jobs that are not over."""
        return [job for job in self.unfinished() if job.shot == shot]

    def tell(self, job: Job, kind: str, data: dict[str, Any] | None = None) -> None:
        """Note what has happened to a job and wake those who listen; what cannot happen in its state does not."""
        if kind not in MOVES[job.state]:
            return
        event = JobEvent(len(job.events) + 1, kind, data or {})
        # A full disk keeps the record waiting, not the job.
        lines = self._unsaved.pop(job.id, "") + json.dumps([event.kind, event.data]) + "\n"
        try:
            _append(self._path(job), lines)
        except OSError:
            self._unsaved[job.id] = lines
        job.took(event)
        news, self._news = self._news, anyio.Event()
        news.set()

    async def events(self, job: Job, after: int, pulse: float) -> AsyncIterator[JobEvent | None]:
        """Give a job's events behind number `after`, as they come; None when nothing came for `pulse` seconds."""
        while True:
            news = self._news
            for event in job.events[after:]:
                after = event.id
                yield event
            if job.ended and after >= len(job.events):
                return
            if len(job.events) > after:
                continue
            with anyio.move_on_after(pulse) as scope:
                await news.wait()
            if scope.cancelled_caught:
                yield None

    def late(self, now: float) -> list[Job]:
        """Give the jobs that have waited for plates longer than they may."""
        return [job for job in self.unfinished() if job.waiting is not None and now - job.waiting > job.plate_timeout]

    def _forget_old(self) -> None:
        events = 0
        for newer, job in enumerate(reversed([job for job in self.jobs.values() if job.ended])):
            events += len(job.events)
            if newer < MOST_ENDED and (events <= MOST_EVENTS or newer == 0):
                continue
            del self.jobs[job.id]
            self._unsaved.pop(job.id, None)
            self._path(job).unlink(missing_ok=True)

    def _path(self, job: Job) -> Path:
        return self._folder / f"{job.id}.jsonl"


_KEPT = ("id", "shot", "kind", "frame", "width", "direction", "plate_timeout", "created")


def _append(path: Path, text: str) -> None:
    """Write at a file's end, all of it or nothing.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("ab", buffering=0) as file:
        before, left = file.tell(), text.encode()
        try:
            while left:
                left = left[file.write(left) :]
        except OSError:
            file.truncate(before)
            raise


def _load(path: Path) -> Job | None:
    """Read a job; a file that holds none is set aside, and one of which nobody was told goes."""
    try:
        lines = [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
        if lines:
            return _job(path.stem, lines)
        path.unlink()
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as problem:
        set_aside(path.parent.parent, path, f"The job {path.stem} cannot be read ({type(problem).__name__}).")
    return None


def _job(name: str, lines: list[bytes]) -> Job:
    """Read a job; a last line that was cut off did not happen."""
    facts = json.loads(lines[0])
    job = Job(**{**facts, "created": float(facts["created"])})
    if job.id != name or not isinstance(job.shot, str):
        raise ValueError(f"{facts!r} is no job {name}")
    for number, line in enumerate(lines[1:], start=1):
        kind, data = json.loads(line)
        job.took(JobEvent(number, kind, data))
    job.waiting = None
    return job


PRIORITIES = ("preview", "track", "batch")


@dataclass
class _Entry:
    job: str
    shot: str
    priority: int
    ready: bool = True


class Schedule:
    """The jobs of one worker. Asked between any two frames, so whatever is urgent waits for one frame at most."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}  # in the order of arrival
        self._served: dict[str, int] = {}
        self._turns = 0

    def __contains__(self, job: str) -> bool:
        return job in self._entries

    def add(self, job: str, shot: str, priority: str) -> None:
        """Put a job at the end of its line.

        Args:
            job: its id.
            shot: jobs of one shot are done one after another.
            priority: one of `PRIORITIES`.
        """
        self._entries[job] = _Entry(job, shot, PRIORITIES.index(priority))

    def remove(self, job: str) -> None:
        """Take a job out; nothing happens if it is not there."""
        self._entries.pop(job, None)

    def set_ready(self, job: str, *, ready: bool) -> None:
        """Say whether a job can go on, or waits for something."""
        if job in self._entries:
            self._entries[job].ready = ready

    def jobs_of(self, shot: str) -> list[str]:
        """Give the jobs of a shot, in the order of arrival."""
        return [entry.job for entry in self._entries.values() if entry.shot == shot]

    def next(self, turns: int) -> str | None:
        """Choose the job that does one frame now: of the most urgent, the one whose shot was served longest ago.

        Args:
            turns: how many shots take turns; those whose jobs came later wait for a place.
        """
        heads: dict[tuple[str, int], _Entry] = {}
        for entry in self._entries.values():
            heads.setdefault((entry.shot, entry.priority), entry)
        able = [entry for entry in heads.values() if entry.ready]
        if not able:
            return None
        urgent = min(entry.priority for entry in able)
        in_turn = [entry for entry in able if entry.priority == urgent][:turns]
        chosen = min(in_turn, key=lambda entry: self._served.get(entry.shot, 0))
        self._turns += 1
        self._served[chosen.shot] = self._turns
        return chosen.job
