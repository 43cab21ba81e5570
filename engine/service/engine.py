"""The engine without its wire: shots, plates, prompts, jobs. Routes call it, workers report to it."""

import asyncio
import contextlib
import logging
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio

from engine import __version__
from engine.contract.errors import EngineError, ModelError, PlateError, ServiceError
from engine.contract.frames import spell
from engine.contract.plan import dirty_frames, held_frames
from engine.contract.shot import ShotObject
from engine.model.config import CONFIGS
from engine.service.answers import device_info, job_info
from engine.service.declaration import Declaration, tracked_frames
from engine.service.devices import Device, memory_of
from engine.service.housekeeping import surplus
from engine.service.jobs import Job, JobBook
from engine.service.matte_states import MatteStates
from engine.service.messages import MOST_NAMED, JobNews
from engine.service.received import RawLayout
from engine.service.settings import ServiceSettings
from engine.service.store import Store, StoredShot, discard
from engine.service.viewers import Viewer
from engine.service.workers import Workers
from engine.weights.automatic import AUTO, Hardware, choose_model, find_hardware

_log = logging.getLogger(__name__)

_TICK = 0.5
_ROOM_EVERY = 60  # ticks


class Engine:
    """One engine.

    Args:
        settings: what a TD has set.
        devices: the devices to use, from `find_devices`.

    Raises:
        ServiceError: the store cannot be used.
    """

    def __init__(self, settings: ServiceSettings, devices: list[Device]) -> None:
        self.settings = settings
        self.store = Store(settings.store)
        self.store.set_damaged_aside()
        self._leftovers = self.store.leftovers()
        self.book = JobBook(self.store.root / "jobs")
        self.workers = Workers(
            devices, self.store, settings.model_bytes, settings.idle_rest, self._heard, settings.worker_timeout
        )
        self.viewer = Viewer(self.store)
        self._states = MatteStates()
        self._is_full = False
        self.began = time.monotonic()
        self.used = time.monotonic()

    @property
    def devices(self) -> list[Device]:
        """What there is to work on."""
        return self.workers.devices

    @property
    def hardware(self) -> Hardware:
        """What models are chosen for: the first device."""
        first = self.devices[0]
        if first.name.startswith("cuda"):
            return Hardware(first.name, first.label, memory_of(first)[1])
        return Hardware("mps") if first.name == "mps" else find_hardware(first.name)

    @property
    def idle_for(self) -> float:
        """Seconds since the last request or job."""
        return 0.0 if self.book.unfinished() else time.monotonic() - self.used

    def touch(self) -> None:
        """Note that somebody has asked for something."""
        self.used = time.monotonic()

    def status(self) -> dict[str, Any]:
        """Say how things stand."""
        return {
            "version": __version__,
            "pid": os.getpid(),
            "uptime": time.monotonic() - self.began,
            "devices": [device_info(device) for device in self.devices],
            "shots": self.store.names(),
            "jobs": [job_info(job) for job in self.book.jobs.values()],
            "store": str(self.store.root),
        }

    def declare(self, name: str, declaration: Declaration) -> None:
        """Make a shot, or change one; its plates and mattes stay.

        Raises:
            ShotError, PromptError: it does not hold together.
            ModelError: its model is not on this machine.
            ServiceError: `shot.busy` while a job works on it, if more than its prompts would change.
        """
        declaration.check()
        declaration = replace(declaration, model=self._model(declaration.model))
        with contextlib.suppress(ServiceError):
            before = self.store.shot(name).declaration()
            if self.book.of(name) and _without_objects(before) != _without_objects(declaration):
                raise _busy(name)
        self.store.declare(name, declaration)
        self._changed(name)
        if self.settings.prepare:
            self.workers.prepare(declaration.model, name)

    def set_prompts(self, name: str, objects: tuple[ShotObject, ...]) -> list[int]:
        """Give a shot other objects and prompts; answers the frames that they change.

        Raises:
            ServiceError: `shot.unknown`.
            ShotError, PromptError: they do not hold together.
        """
        before = self.store.shot(name).declaration()
        after = Declaration(**{**vars(before), "objects": objects})
        after.check()
        self.store.declare(name, after)
        self._changed(name)
        old, new = ({thing.name: thing for thing in one.objects} for one in (before, after))
        shot = (after if after.objects else before).shot() if after.objects or before.objects else None
        if shot is None:
            return []
        changes = [(old.get(name), new.get(name), shot) for name in {**old, **new}]
        return sorted(set().union(*(dirty_frames(*one) | held_frames(*one) for one in changes)))

    def arrived(self, name: str, frame: int, received: Path, kind: str | RawLayout) -> None:
        """Take over a plate that was received.

        Raises:
            ServiceError, PlateError: nothing has changed then.
        """
        self.discard(*self._shot_with(name, frame).put_plate(frame, received, kind))
        self._plate_is_there(name, frame)

    def hand_over(self, name: str, frame: int, file: str, kind: str | RawLayout) -> None:
        """Take over a plate from the shot's inbox.

        Raises:
            ServiceError, PlateError: nothing has changed then.
        """
        self.discard(*self._shot_with(name, frame).take(frame, file, kind, self.settings.plate_bytes))
        self._plate_is_there(name, frame)

    def plates_came(self, name: str, frames: list[int]) -> None:
        """Note that the viewer has put plates into the store.

        Raises:
            ServiceError: `shot.unknown`: it is gone.
        """
        for frame in frames:
            self._plate_is_there(name, frame)

    def start(self, name: str, kind: str, **how: Any) -> Job:
        """Begin a job.

        Raises:
            ServiceError: `shot.unknown`.
            ShotError, PromptError: there is nothing to track, or the frame is not in the shot.
        """
        declaration = self.store.shot(name).declaration()
        shot = declaration.shot(how.get("direction"))
        frame = how.get("frame")
        if frame is not None and frame not in shot.frames:
            raise ServiceError(
                "shot.outside_range",
                f"Frame {frame} is not in the shot, which runs {shot.first}-{shot.last}.",
                "Choose a frame of the shot or declare a wider range.",
            )
        how.setdefault("plate_timeout", self.settings.plate_timeout)
        job = self.book.add(name, kind, **how)
        self.store.use(name)
        self.workers.submit(job)
        return job

    def cancel(self, job: Job) -> None:
        """End a job; mattes that are done stay."""
        self.book.tell(job, "cancelled")
        self.workers.cancel(job)

    def delete(self, name: str) -> None:
        """Take a shot out of sight and end its jobs; its bytes go where nobody waits for them.

        Raises:
            ServiceError: `shot.unknown`.
        """
        self.store.shot(name)
        for job in self.book.of(name):
            self.cancel(job)
        self.workers.forget(name)
        self.discard(self.store.remove(name))
        self._states.forget(name)

    def discard(self, *paths: Path) -> None:
        """Remove what is out of sight, if it is there, in a thread: no answer waits for a large file to go."""
        for path in paths:
            if path.exists():
                asyncio.get_running_loop().run_in_executor(None, discard, path)

    def mattes(self, stored: StoredShot) -> tuple[list[int], list[int]]:
        """Give the frames whose mattes are right, and those whose mattes are stale."""
        return self._states.of(stored)

    async def run(self) -> None:
        """Resume what an earlier engine left, then look after jobs and the store until cancelled.

        What the system refuses meanwhile (a full disk, no file left to open) is tried again with the next turn.
        """
        self.discard(*self._leftovers)
        if self.settings.prepare:
            self.workers.prepare(self._likely_model())
        for job in self.book.unfinished():
            if job.shot in self.store.names():
                self.workers.submit(job)
            else:
                self.book.tell(job, "cancelled")
        ticks, refused = 0, ""
        try:
            while True:
                await anyio.sleep(_TICK)
                try:
                    for job in self.book.late(time.monotonic()):
                        self._give_up(job)
                    if ticks % _ROOM_EVERY == 0:
                        await self._make_room()
                except OSError as problem:
                    if str(problem) != refused:  # once, and not twice a second
                        _log.warning("the engine's housekeeping has to wait: %s", problem)
                    refused = str(problem)
                ticks += 1
        finally:
            with anyio.CancelScope(shield=True):  # otherwise what cancels this cuts the workers' end short too
                await self.viewer.close()
                await self.workers.close()

    def _likely_model(self) -> str:
        """Give the model of the shot that was used last, or else the one that is used where none is named."""
        for name in sorted(self.store.names(), key=self.store.used, reverse=True):
            with contextlib.suppress(EngineError):
                return self.store.shot(name).declaration().model
        return choose_model(AUTO, hardware=self.hardware).model

    def _model(self, name: str) -> str:
        """Give the model that a declared name stands for: what is kept with a shot is never `auto`."""
        try:
            found = choose_model(name, hardware=self.hardware).model
            # Workers look for a file from a folder of their own.
            return found if found.partition(":")[0] in CONFIGS else str(Path(found).absolute())
        except OSError as problem:
            raise ModelError(
                "model.unknown",
                f"The model '{name[:80]}' cannot be read: {problem.strerror}.",
                "Give a model's name or the path of a weights file; mam2 weights list shows what is here.",
            ) from problem

    async def _make_room(self) -> None:
        busy = {job.shot for job in self.book.unfinished()}
        found = await anyio.to_thread.run_sync(surplus, self.store, self.settings.store_bytes, busy)
        self._is_full = found.bytes_left > 0
        for name, used in found.shots:
            # Since it was chosen somebody may have come to need it.
            if self.store.used(name) == used and not self.book.of(name):
                _log.info("the store is beyond its %d bytes: '%s' makes room", self.settings.store_bytes, name)
                self.delete(name)

    def _shot_with(self, name: str, frame: int) -> StoredShot:
        stored = self.store.shot(name)
        declaration = stored.declaration()
        if not declaration.first <= frame <= declaration.last:
            raise PlateError(
                "plates.outside_range",
                f"Frame {frame} is not in the shot, which runs {declaration.first}-{declaration.last}.",
                "Declare the shot with a wider range first.",
            )
        if self._is_full:
            raise ServiceError(
                "store.full",
                f"The store has more than its {self.settings.store_bytes} bytes, and jobs need all of it.",
                "Wait for a job's end, delete shots, or raise MAM2_STORE_BYTES.",
            )
        return stored

    def _plate_is_there(self, name: str, frame: int) -> None:
        self.store.use(name)
        for job in self.book.of(name):
            if job.waiting is not None:
                job.waiting = time.monotonic()
        self._changed(name, frame)

    def _changed(self, name: str, frame: int | None = None) -> None:
        self._states.changed(name)
        self.workers.poke(name, frame)

    def _give_up(self, job: Job) -> None:
        """End a job that has waited too long; whatever has become of its shot meanwhile is the reason then."""
        try:
            missing = self._missing(job)
            word = "frame" if len(missing) == 1 else "frames"
            error: EngineError = PlateError(
                "plates.timeout",
                f"The plates of {word} {spell(missing)} have not come for {job.plate_timeout:g} seconds.",
                "Send them and track again: what is done stays.",
            )
        except EngineError as problem:
            missing, error = [], problem
        self.book.tell(job, "failed", {"error": error.to_json(), "missing": missing[:MOST_NAMED]})
        self.workers.cancel(job)

    def _missing(self, job: Job) -> list[int]:
        stored = self.store.shot(job.shot)
        wanted = [job.frame] if job.frame is not None else tracked_frames(stored.declaration().shot(job.direction))
        return sorted(set(wanted) - set(stored.frames()))

    def _heard(self, job: Job, message: JobNews) -> None:
        if message["is"] == "frame":
            if job.kind != "preview":
                self._states.made(job.shot, message["frame"])
            if message["kept"] and message["frame"] in job.done:
                return
        self.book.tell(job, message["is"], {key: value for key, value in message.items() if key not in ("is", "id")})


def _busy(name: str) -> ServiceError:
    return ServiceError(
        "shot.busy",
        f"The shot '{name}' is being tracked: its range, size, settings and model cannot change now.",
        "Cancel the job or wait for its end; prompts may change at any time.",
    )


def _without_objects(declaration: Declaration) -> dict[str, Any]:
    return {key: value for key, value in vars(declaration).items() if key != "objects"}
