"""What a worker does with what it hears: jobs, a frame at a time."""

import logging
from collections.abc import Callable

from engine.contract.errors import EngineError, ServiceError
from engine.service.messages import Message
from engine.service.schedule import Schedule
from engine.service.store import Store
from engine.service.stored_plates import PlateAwaited
from engine.service.worker.models import Models
from engine.service.worker.runs import Runs
from engine.service.worker.shot_run import ShotRun

_log = logging.getLogger(__name__)


class Worker:
    """Does jobs, a frame at a time.

    Args:
        store: where shots are.
        models: loads models.
        runs: keeps shots between jobs.
        say: sends a message to the service.
    """

    def __init__(self, store: Store, models: Models, runs: Runs, say: Callable[[Message], None]) -> None:
        self._store, self._models, self._runs, self._say = store, models, runs, say
        self._schedule = Schedule()
        self._jobs: dict[str, Message] = {}
        self._begun: set[str] = set()

    def hear(self, message: Message) -> None:
        """Take in one message."""
        do = message["do"]
        if do == "job":
            self._jobs[message["id"]] = message
            self._schedule.add(message["id"], message["shot"], message["kind"])
        elif do == "cancel":
            if message["id"] in self._schedule:
                self._end(message["id"], {"is": "cancelled"})
        elif do == "poke":
            for job in self._schedule.jobs_of(message["shot"]):
                self._schedule.set_ready(job, ready=True)
        elif do == "forget":
            for job in self._schedule.jobs_of(message["shot"]):
                self._end(job, {"is": "cancelled"})
            self._runs.drop(message["shot"])
        else:
            raise ValueError(f"a worker cannot {do!r}")

    def work(self) -> bool:
        """Do one frame of the job whose turn it is; False when there is nothing to do."""
        job = self._schedule.next()
        if job is None:
            return False
        message = self._jobs[job]
        try:
            if message["kind"] == "preview":
                self._preview(job, message)
            else:
                self._track(job, message)
        except PlateAwaited as awaited:
            self._schedule.set_ready(job, ready=False)
            self._tell(job, {"is": "waiting", "missing": self._missing(message) or [awaited.frame]})
        except EngineError as problem:
            self._end(job, {"is": "failed", "error": problem.to_json()})
        except Exception as problem:  # noqa: BLE001 - one shot's trouble must not end the others
            _log.exception("job %s", job)
            self._runs.drop(message["shot"])
            self._end(job, {"is": "failed", "error": _bug(problem).to_json()})
        return True

    def _track(self, job: str, message: Message) -> None:
        run = self._run(job, message)
        if job not in self._begun:
            frames = run.begin()
            self._begun.add(job)
            self._tell(job, {"is": "started", "total": len(frames)})
        done = self._runs.within_memory(run, run.advance)
        if done is None:
            self._end(job, {"is": "done"})
        else:
            frame, kept = done
            self._tell(job, {"is": "frame", "frame": frame, "kept": kept, "quality": self._runs.quality})

    def _preview(self, job: str, message: Message) -> None:
        run = self._run(job, message)
        if job not in self._begun:
            self._begun.add(job)
            self._tell(job, {"is": "started", "total": 1})
        self._runs.within_memory(run, lambda: run.preview(message["frame"]))
        self._tell(job, {"is": "frame", "frame": message["frame"], "kept": False, "quality": self._runs.quality})
        self._end(job, {"is": "done"})

    def _run(self, job: str, message: Message) -> ShotRun:
        if job in self._begun:
            run = self._runs.current(message["shot"])
            if run is not None:
                return run
            self._begun.discard(job)  # it made room for another shot meanwhile
        stored = self._store.shot(message["shot"])
        declaration = stored.declaration()
        run = self._runs.get(stored, declaration, message.get("direction"), self._models)
        run.update(declaration)
        return run

    def _missing(self, message: Message) -> list[int]:
        run = self._runs.current(message["shot"])
        return run.missing() if run is not None and message["kind"] != "preview" else []

    def _tell(self, job: str, message: Message) -> None:
        self._say({"id": job, **message})

    def _end(self, job: str, message: Message) -> None:
        self._schedule.remove(job)
        self._jobs.pop(job, None)
        self._begun.discard(job)
        self._tell(job, message)


def _bug(problem: Exception) -> EngineError:
    return ServiceError(
        "engine.bug",
        f"The engine made a mistake of its own ({type(problem).__name__}: {problem}).",
        "Please report it with the engine's log; the mattes that are done are right.",
    )
