"""Clips that an artist opens on this machine: each becomes a shot, under a readable name, and stays one."""

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.contract.errors import EngineError, PlateError, ServiceError
from engine.contract.shot import Settings
from engine.service.declaration import Declaration
from engine.service.engine import Engine
from engine.service.store import StoredShot
from engine.service.viewer_lines import Message
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
