"""Clips that an artist opens, and exports under way: what the page follows, done by the viewer's process."""

import asyncio
import json
import re
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.contract.errors import EngineError, PlateError, ServiceError
from engine.contract.shot import Settings
from engine.service.declaration import Declaration
from engine.service.engine import Engine
from engine.service.messages import Message
from engine.service.store import StoredShot
from engine.service.viewers import Viewer

_FILE = "clip.json"


@dataclass(frozen=True)
class Clip:
    """Where a shot's plates are from: `path` and `layer` as `open_plates` takes them."""

    path: str
    layer: str | None = None


def clip_of(stored: StoredShot) -> Clip | None:
    """Give the clip that a shot was opened from; None for one that a host has sent."""
    with suppress(OSError, ValueError, TypeError):
        return Clip(**json.loads((stored.folder / _FILE).read_text(encoding="utf-8")))
    return None


class Clips:
    """Opens clips, and remembers what is still being brought in.

    Args:
        engine: declares shots.
        viewer: looks at files, in its own process.
    """

    def __init__(self, engine: Engine, viewer: Viewer) -> None:
        self._engine, self._viewer = engine, viewer
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._problems: dict[str, EngineError] = {}

    def state(self, name: str) -> tuple[str, EngineError | None]:
        """Say whether a shot's plates are `coming`, `here`, or have `failed`, and why."""
        problem = self._problems.get(name)
        task = self._tasks.get(name)
        if task is not None and not task.done():
            return "coming", None
        return ("failed", problem) if problem else ("here", None)

    async def open(self, path: str, layer: str | None, colourspace: str | None) -> str:
        """Give the name of a clip's shot: the one that it was opened as before, or a new one.

        Raises:
            PlateError: there is no such clip, or the path is not a whole one.
            ColourError: there is no such colour space.
        """
        if not Path(path).is_absolute():
            raise PlateError("plates.path", f"'{path[:200]}' is not a whole path.", "Begin it at the root of the disk.")
        found = await self._viewer.ask("describe", path=path, layer=layer, colourspace=colourspace)
        clip = Clip(path, layer)
        name, before = self._name_of(clip, found["name"])
        settings = Settings(colourspace=found["colourspace"])
        objects, model = (before.objects, before.model) if before else ((), "auto")
        width, height = found["size"]
        self._engine.declare(name, Declaration(found["first"], found["last"], width, height, settings, model, objects))
        stored = self._engine.store.shot(name)
        (stored.folder / _FILE).write_text(json.dumps(asdict(clip)), encoding="utf-8")
        task = self._tasks.get(name)
        if task is None or task.done():
            self._tasks[name] = asyncio.get_running_loop().create_task(self._bring_in(name, clip))
        return name

    def _name_of(self, clip: Clip, title: str) -> tuple[str, Declaration | None]:
        store = self._engine.store
        for name in store.names():
            if clip_of(store.shot(name)) == clip:
                with suppress(EngineError):
                    return name, store.shot(name).declaration()
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", title).strip("-")[:100] or "clip"
        taken = {name.lower() for name in store.names()}
        names = (plain if turn == 1 else f"{plain}-{turn}" for turn in range(1, len(taken) + 2))
        return next(name for name in names if name.lower() not in taken), None

    async def _bring_in(self, name: str, clip: Clip) -> None:
        self._problems.pop(name, None)

        def come(progress: Message) -> None:
            with suppress(ServiceError):  # the shot was deleted meanwhile
                self._engine.plates_came(name, progress["frames"])

        try:
            await self._viewer.ask("bring_in", heard=come, shot=name, path=clip.path, layer=clip.layer)
        except EngineError as problem:
            self._problems[name] = problem


_REMEMBERED = 50


@dataclass
class Export:
    """One export.

    Attributes:
        id: its name.
        shot: whose mattes.
        total, done: frames.
        state: `running`, `done`, `failed` or `cancelled`.
        pattern: the files, once it is done.
        error: why it failed.
        number: of its request to the viewer.
    """

    shot: str
    total: int
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    done: int = 0
    state: str = "running"
    pattern: str = ""
    error: EngineError | None = None
    number: int = 0

    def heard(self, progress: Message) -> None:
        """Take in how far it is."""
        self.done = progress["done"]

    def begun(self, number: int) -> None:
        """Take in the number of its request."""
        self.number = number


class Exports:
    """All exports since the engine began; the oldest are forgotten.

    Args:
        viewer: writes them, in its own process.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._tasks: set[asyncio.Task[None]] = set()
        self.known: dict[str, Export] = {}

    def start(self, shot: str, frames: list[int], **how: Any) -> Export:
        """Begin one."""
        export = Export(shot, len(frames))
        self.known[export.id] = export
        for old in list(self.known)[:-_REMEMBERED]:
            del self.known[old]
        task = asyncio.get_running_loop().create_task(self._run(export, frames, how))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return export

    def cancel(self, export: Export) -> None:
        """Have one left; files that are whole stay."""
        self._viewer.stop(export.number)

    async def _run(self, export: Export, frames: list[int], how: dict[str, Any]) -> None:
        try:
            found = await self._viewer.ask(
                "export", heard=export.heard, begun=export.begun, shot=export.shot, frames=frames, **how
            )
        except EngineError as problem:
            export.state = "cancelled" if problem.code == "job.cancelled" else "failed"
            export.error = None if export.state == "cancelled" else problem
            return
        export.pattern = found["pattern"]
        export.state = "cancelled" if found["stopped"] else "done"
