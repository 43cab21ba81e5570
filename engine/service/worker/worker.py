"""What a worker does with what it hears: jobs, a frame at a time."""

import logging
from collections.abc import Callable

from engine.contract.errors import EngineError, ServiceError
from engine.model.ready.memory import give_back_freed_memory
from engine.service.jobs import Schedule
from engine.service.messages import MOST_NAMED, Ended, Failed, JobNews, Order, Work
from engine.service.store import Store, store_unusable
from engine.service.stored_plates import PlateAwaited, PlateReplaced
from engine.service.worker.runs import Runs
from engine.service.worker.shot_run import Report, ShotRun
from engine.session.out_of_memory import is_out_of_memory, stage_of, too_little_memory

_log = logging.getLogger(__name__)


class Worker:
    """Does jobs, a frame at a time.

    Args:
        store: where shots are.
        runs: keeps shots between jobs.
        say: sends a message to the service; any thread may.
    """

    def __init__(self, store: Store, runs: Runs, say: Callable[[JobNews], None]) -> None:
        self._store, self._runs, self._say = store, runs, say
        self._schedule = Schedule()
        self._jobs: dict[str, Work] = {}
        self._begun: dict[str, ShotRun] = {}
        self._expected: str | None = None
        self._watched: tuple[str, int] | None = None

    def hear(self, message: Order) -> None:
        """Take in one message."""
        if message["do"] == "prepare":
            self._expected = message["model"]
        elif message["do"] == "job":
            self._expected = None
            self._jobs[message["id"]] = message
            self._schedule.add(message["id"], message["shot"], message["kind"])
            self._runs.rest({job["shot"] for job in self._jobs.values()})
        elif message["do"] == "watch":
            self._watched = message["shot"], message["frame"]
        elif message["do"] == "cancel":
            if message["id"] in self._schedule:
                self._end({"is": "cancelled", "id": message["id"]})
        elif message["do"] == "poke":
            self._poke(message["shot"], message["frame"])
        elif message["do"] == "forget":
            for job in self._schedule.jobs_of(message["shot"]):
                self._end({"is": "cancelled", "id": job})
            self._runs.drop(message["shot"])
        else:
            raise ValueError(f"a worker cannot {message['do']!r}")

    def work(self) -> bool:
        """Do one frame of the job whose turn it is; False when there is nothing to do."""
        job = self._schedule.next(self._runs.turns)
        if job is None:
            return self._prepare() or self._look_ahead()
        message = self._jobs[job]
        try:
            if message["kind"] == "preview":
                self._preview(job, message)
            else:
                self._track(job, message)
        except PlateAwaited as awaited:
            self._schedule.set_ready(job, ready=False)
            self._say({"is": "waiting", "id": job, "missing": self._missing(job)[:MOST_NAMED] or [awaited.frame]})
        except PlateReplaced as replaced:
            self._runs.renew(message["shot"], [replaced.frame])
        except EngineError as problem:
            self._end({"is": "failed", "id": job, "error": problem.to_json()})
        except OSError as problem:
            self._end({"is": "failed", "id": job, "error": store_unusable(problem).to_json()})
        except Exception as problem:  # noqa: BLE001 - one shot's trouble must not end the others
            _log.exception("job %s", job)
            self._runs.drop(message["shot"])
            error = too_little_memory(stage_of(problem)) if is_out_of_memory(problem) else _bug(problem)
            self._end({"is": "failed", "id": job, "error": error.to_json()})
        return True

    def settle(self) -> None:
        """Wait until all that was made is on disk and has been told."""
        for run in self._begun.values():
            run.settle()

    def rest(self) -> None:
        """Hold no more than models and what lies on disk: whatever else runs on the machine may have the memory."""
        self._runs.rest(frozenset())
        give_back_freed_memory()

    def _prepare(self) -> bool:
        """Load the model of the job that is expected; False when none is."""
        model, self._expected = self._expected, None
        if model is not None:
            try:
                self._runs.prepare(model)
            except Exception:  # noqa: BLE001 - the job, if it comes, will say what is wrong
                _log.info("the model '%s' could not be loaded ahead", model, exc_info=True)
        return model is not None

    def _look_ahead(self) -> bool:
        """Encode the plate that somebody looks at, and may click in next; False when nobody does."""
        watched, self._watched = self._watched, None
        if watched is not None:
            try:
                stored = self._store.shot(watched[0])
                self._runs.encode(stored, stored.declaration(), watched[1])
            except Exception:  # noqa: BLE001 - as above
                _log.info("frame %d of '%s' could not be encoded ahead", *reversed(watched), exc_info=True)
        return watched is not None

    def _track(self, job: str, message: Work) -> None:
        shot, run = message["shot"], self._begun.get(job)
        if run is None or not self._runs.holds(shot, run):
            run = self._begun[job] = self._run(message)
            self._say({"is": "started", "id": job, "total": len(run.begin())})
        if not self._runs.within_memory(shot, lambda: run.advance(self._report(job, shot))):
            self._end({"is": "done", "id": job})

    def _report(self, job: str, shot: str) -> Report:
        quality = self._runs.quality(shot)

        def tell(frame: int, kept: bool) -> None:
            self._say({"is": "frame", "id": job, "frame": frame, "kept": kept, "quality": quality})

        return tell

    def _preview(self, job: str, message: Work) -> None:
        shot, frame, width, run = message["shot"], message["frame"], message["width"], self._run(message)
        if frame is None:
            raise ValueError("a preview is of a frame")
        if job not in self._begun:
            self._begun[job] = run
            self._say({"is": "started", "id": job, "total": 1})
        self._runs.within_memory(shot, lambda: run.preview(frame, width))
        quality = self._runs.quality(shot)
        self._say({"is": "frame", "id": job, "frame": frame, "kept": False, "quality": quality})
        self._end({"is": "done", "id": job})

    def _run(self, message: Work) -> ShotRun:
        stored = self._store.shot(message["shot"])
        return self._runs.get(stored, stored.declaration(), message["direction"])

    def _poke(self, shot: str, frame: int | None) -> None:
        """Look again: a waiting job may go on; one whose plates or prompts are others now begins anew."""
        if frame is not None:
            self._runs.renew(shot, [frame])
        for job in self._schedule.jobs_of(shot):
            self._schedule.set_ready(job, ready=True)
            if frame is None:
                self._begun.pop(job, None)

    def _missing(self, job: str) -> list[int]:
        run = self._begun.get(job)
        return run.missing() if run is not None and self._jobs[job]["kind"] != "preview" else []

    def _end(self, news: Failed | Ended) -> None:
        job = news["id"]
        self._schedule.remove(job)
        self._jobs.pop(job, None)
        if run := self._begun.pop(job, None):
            run.settle()  # nothing is told of a job after its end
        self._say(news)


def _bug(problem: Exception) -> EngineError:
    return ServiceError(
        "engine.bug",
        f"The engine made a mistake of its own ({type(problem).__name__}: {problem}).",
        "Please report it with the engine's log; the mattes that are done are right.",
    )
