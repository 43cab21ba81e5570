"""The worker processes: one a device, started when there is work, started again when one dies."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.contract.errors import ServiceError
from engine.model.ready.memory import prepared
from engine.own_python import FOLDER, environment, python_command
from engine.service.devices import Device, memory_of
from engine.service.jobs import Job
from engine.service.messages import JobNews, News, Order, Prepare, Watch, Work, from_line, to_line
from engine.service.store import Store, discard

_log = logging.getLogger(__name__)

# Of workers in one job, without a frame between them, before the job counts as the reason. One that dies while it
# starts says less: then the reason may be anything.
MOST_DEATHS, MOST_DEATHS_AT_START = 5, 15
_ENOUGH = MOST_DEATHS * MOST_DEATHS_AT_START
_LINE = 1 << 20
_SILENCE = 60.0  # seconds without a sign of life, which comes every five, after which a worker counts as hung
_LOOKS = 6  # at a worker within either time; counted, for a machine that slept has missed seconds and no looks
_LEAST_FREE = 3 << 30
"""Bytes free on a GPU that a worker is started on: a large model at 4K, whose matter takes small tiles then."""


class WorkerProcess:
    """One device's worker, kept alive while it has jobs. One that cannot open its device fails them, and says why.

    Args:
        device: what it works on.
        store: the shots, and room for what the worker keeps of them while it lives.
        model_bytes: most bytes of models on the device.
        idle_rest: seconds without work after which it gives memory back.
        heard: called with every message of a job.
        timeout: seconds that it may take to start, or for one step, before it counts as hung.
    """

    def __init__(
        self,
        device: Device,
        store: Store,
        model_bytes: int,
        idle_rest: float,
        heard: Callable[[Job, JobNews], None],
        timeout: float = 1800.0,
    ) -> None:
        self.device = device
        self._store = store
        self._command = python_command("engine.service.worker", "--device", device.within or device.name)
        self._command += ["--store", str(store.root), "--memory", str(model_bytes), "--rest-after", str(idle_rest)]
        self._heard = heard
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._blame: dict[str, int] = {}
        self._refused, self._given_note = False, device.note
        self._expected: str | None = None
        self._timeout = timeout
        self._looks, self._busy, self._is_hung = 0, 0.0, False
        self._watched: Watch | None = None

    def submit(self, job: Job) -> None:
        """Give the worker a job, starting the process if there is none."""
        self.device.jobs[job.id] = job
        self._tell(_order(job))

    def prepare(self, model: str) -> None:
        """Start the process ahead of its first job, and have it load the model that the job is going to need."""
        self._expected = model
        self._tell(_expect(model))

    def watch(self, message: Watch) -> None:
        """Tell the process, or the one that is being started, that somebody looks at a frame."""
        self._watched = message
        self.send(message)

    def send(self, message: Order) -> None:
        """Send the worker a message; without a process there is nobody who has to know."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(to_line(message))

    async def close(self) -> None:
        """End the process; jobs that are not over stay for the next engine."""
        self.device.jobs.clear()
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    def _tell(self, message: Order) -> None:
        """Send the process a message; where there is none, start one, which is told all that there is to know."""
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.get_running_loop().create_task(self._keep())
        else:
            self.send(message)

    async def _keep(self) -> None:
        """Run the process, and another one for as long as the last has died with work to do."""
        while True:
            self.device.state, self._refused = "starting", False
            try:
                await self._live()
            except (OSError, ValueError, LookupError, TypeError):
                # What it says cannot be understood, or it cannot be started: as good as dead, and not in silence.
                _log.exception("the worker of %s", self.device.name)
            finally:
                weight = MOST_DEATHS_AT_START if self.device.state == "ready" else MOST_DEATHS
                weight = _ENOUGH // 2 + 1 if self._is_hung else weight  # it took long: a third time would be too much
                self.device.state, self.device.pid, self._process = "idle", None, None
            if self._refused:
                return
            self.device.deaths += 1
            _log.warning("the worker of %s has died", self.device.name)
            for job in list(self.device.jobs.values()):
                self._blame[job.id] = self._blame.get(job.id, 0) + weight
                if self._blame[job.id] >= _ENOUGH:
                    self._take(job, {"id": job.id, "is": "failed", "error": _died().to_json()})
            if not self.device.jobs:
                return
            await asyncio.sleep(0.2)

    async def _live(self) -> None:
        working = self._store.working()
        process = await asyncio.create_subprocess_exec(
            *self._command,
            "--working",
            str(working),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE,
            cwd=FOLDER,
            env=prepared({**environment(), **self.device.alone}),
        )
        self._process, self.device.pid = process, process.pid
        watch = asyncio.get_running_loop().create_task(self._watch(process))
        try:
            if self._expected is not None:
                self.send(_expect(self._expected))
            if self._watched is not None:
                self.send(self._watched)
            for job in self.device.jobs.values():
                self.send(_order(job))
            assert process.stdout is not None  # noqa: S101 - it was asked for
            async for line in process.stdout:
                self._hear(from_line(line))
            await process.wait()
        finally:
            watch.cancel()
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            # It may have died in the middle of a frame: nobody else would clear up after it.
            await asyncio.to_thread(self._clear_up, working, process.pid)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """End the process when it hangs: when it gives no sign of life, or is at one step for too long."""
        self._looks, self._busy, self._is_hung, alive = 1, 0.0, False, False
        while not self._is_hung:
            await asyncio.sleep((min(_SILENCE, self._timeout) if alive else self._timeout) / _LOOKS)
            self._looks += 1
            alive = alive or self._looks == 1  # it has been heard since the look before
            self._is_hung = self._looks > _LOOKS or self._busy > self._timeout
        _log.error("the worker of %s hangs, and is replaced", self.device.name)
        with contextlib.suppress(ProcessLookupError):
            process.kill()

    def _clear_up(self, working: Path, process: int) -> None:
        for path in (working, *self._store.begun(process)):
            discard(path)

    def _hear(self, message: News) -> None:
        self._looks = 0
        if message["is"] == "alive":
            self._busy = message["busy"]
            return
        if message["is"] == "ready":
            self.device.state, self.device.label, self.device.note = "ready", message["name"], self._given_note
            return
        if message["is"] == "refused":
            self._refuse(message["error"])
            return
        job = self.device.jobs.get(message["id"])
        if job is not None:
            self._take(job, message)

    def _refuse(self, error: dict[str, Any]) -> None:
        """End all jobs: another process could not open the device either."""
        _log.error("the worker of %s cannot work: %s", self.device.name, error["message"])
        self._refused, self.device.note = True, error["message"]
        for job in list(self.device.jobs.values()):
            self._take(job, {"id": job.id, "is": "failed", "error": error})

    def _take(self, job: Job, message: JobNews) -> None:
        if message["is"] == "frame":
            self._blame.pop(job.id, None)
        self._heard(job, message)
        if job.ended:
            self.device.jobs.pop(job.id, None)
            self._blame.pop(job.id, None)


class Workers:
    """All devices' workers. A shot stays on the device where it began, for as long as the engine lives.

    Args:
        devices: what there is to work on.
        store: the shots.
        model_bytes: most bytes of models on each device.
        idle_rest: seconds without work after which one gives memory back.
        heard: called with every message of a job.
        timeout: seconds that a worker may take to start, or for one step, before it counts as hung.
    """

    def __init__(
        self,
        devices: list[Device],
        store: Store,
        model_bytes: int,
        idle_rest: float,
        heard: Callable[[Job, JobNews], None],
        timeout: float = 1800.0,
    ) -> None:
        self._workers = [WorkerProcess(device, store, model_bytes, idle_rest, heard, timeout) for device in devices]
        self._homes: dict[str, WorkerProcess] = {}

    @property
    def devices(self) -> list[Device]:
        """What there is to work on."""
        return [worker.device for worker in self._workers]

    def prepare(self, model: str, shot: str | None = None) -> None:
        """Have a worker ready for a job with a model: the shot's; where it has none yet, that of the next shot."""
        (self._homes.get(shot or "") or self._freest()).prepare(model)

    def submit(self, job: Job) -> None:
        """Give a job to the worker of its shot."""
        self._home(job.shot).submit(job)

    def cancel(self, job: Job) -> None:
        """Tell a job's worker to leave it."""
        home = self._home(job.shot)
        home.device.jobs.pop(job.id, None)
        home.send({"do": "cancel", "id": job.id})

    def poke(self, shot: str, frame: int | None = None) -> None:
        """Tell a shot's worker that a frame's plate is new; None: that its declaration is."""
        if shot in self._homes:
            self._homes[shot].send({"do": "poke", "shot": shot, "frame": frame})

    def watch(self, shot: str, frame: int) -> None:
        """Tell a shot's worker, where it runs, that somebody looks at a frame."""
        self._home(shot).watch({"do": "watch", "shot": shot, "frame": frame})

    def forget(self, shot: str) -> None:
        """Tell a shot's worker that the shot is gone."""
        home = self._homes.pop(shot, None)
        if home is not None:
            home.send({"do": "forget", "shot": shot})

    async def close(self) -> None:
        """End all processes."""
        await asyncio.gather(*(worker.close() for worker in self._workers))

    def _home(self, shot: str) -> WorkerProcess:
        if shot not in self._homes:
            self._homes[shot] = self._freest()
        return self._homes[shot]

    def _freest(self) -> WorkerProcess:
        """Give the worker whose next job ends soonest, of those whose device others leave memory."""
        return min(self._workers, key=lambda worker: (_is_full(worker.device), _burden(worker.device)))


def _burden(device: Device) -> float:
    return (len(device.jobs) + 1) / device.speed


def _is_full(device: Device) -> bool:
    used, total = memory_of(device)
    return device.pid is None and total - used < _LEAST_FREE and bool(device.uuid)


def _order(job: Job) -> Work:
    return {
        "do": "job",
        "id": job.id,
        "shot": job.shot,
        "kind": job.kind,
        "frame": job.frame,
        "width": job.width,
        "direction": job.direction,
    }


def _expect(model: str) -> Prepare:
    return {"do": "prepare", "model": model}


def _died() -> ServiceError:
    return ServiceError(
        "engine.worker_died",
        "The process that computes has died or hung again and again on this job.",
        "Look at the engine's log; a smaller model or a lower resolution may be within the machine's memory.",
    )
