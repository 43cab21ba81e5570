"""Exports under way and done, as the page follows them."""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

from engine.contract.errors import EngineError
from engine.service.viewer_lines import Message
from engine.service.viewers import Viewer

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
