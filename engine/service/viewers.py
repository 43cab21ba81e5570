"""The viewer's process as the service sees it: started when it is asked, and again when it has died or rested."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.contract.errors import ServiceError, error_from_json
from engine.own_python import FOLDER, environment, python_command
from engine.service.messages import Message, from_line, to_line
from engine.service.store import Store

_log = logging.getLogger(__name__)

_LINE = 1 << 20
_REST = 300.0  # seconds without a request after which the process ends


@dataclass
class _Asked:
    """A request under way: the process that was asked, what its answer goes to, and who hears of its progress."""

    process: asyncio.subprocess.Process
    answer: "asyncio.Future[Message]"
    heard: Callable[[Message], None] | None


class Viewer:
    """Asks the viewer's process, from the event loop.

    Args:
        store: the shots.
    """

    def __init__(self, store: Store) -> None:
        self._command = python_command("engine.service.viewer", "--store", str(store.root))
        self._process: asyncio.subprocess.Process | None = None
        self._listener: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._end: asyncio.TimerHandle | None = None
        self._asked: dict[int, _Asked] = {}
        self._numbers = itertools.count(1)

    async def ask(
        self,
        do: str,
        *,
        heard: Callable[[Message], None] | None = None,
        begun: Callable[[int], None] | None = None,
        **facts: Any,
    ) -> Message:
        """Have something done and give the answer.

        Args:
            do: what; see `viewer.loop`.
            heard: told of its progress.
            begun: told its number, which `stop` takes.
            facts: what it is about.

        Raises:
            EngineError: what was wrong, or `engine.viewer_died`.
        """
        process = await self._running()
        number = next(self._numbers)
        asked = self._asked[number] = _Asked(process, asyncio.get_running_loop().create_future(), heard)
        if begun is not None:
            begun(number)
        try:
            self._send(process, {"id": number, "do": do, **facts})
            found = await asked.answer
        finally:
            self._asked.pop(number, None)
            self._rest_later()
        if "error" in found:
            raise error_from_json(found["error"])
        answer: Message = found["ok"]
        return answer

    def stop(self, number: int) -> None:
        """Have a request left as soon as may be."""
        if self._process is not None:
            self._send(self._process, {"id": number, "do": "stop"})

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if self._end is not None:
            self._end.cancel()
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._listener is not None:
            await self._listener

    def rest(self) -> None:
        """Let the process end by itself, unless it has something to do: its input ends here."""
        if self._process is not None and self._process.stdin is not None and not self._asked:
            self._process.stdin.close()
            self._process = None

    def _rest_later(self) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(_REST, self.rest)

    async def _running(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=_LINE,
                    cwd=FOLDER,
                    env=environment(),
                )
                self._listener = asyncio.get_running_loop().create_task(self._listen(self._process))
            return self._process

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            async for line in process.stdout:
                self._hear(from_line(line))
        except (OSError, ValueError, LookupError, TypeError):
            # What it says cannot be understood: as good as dead, and not in silence.
            _log.exception("the viewer")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        _log.info("the viewer has ended")
        for asked in list(self._asked.values()):
            if asked.process is process and not asked.answer.done():
                asked.answer.set_exception(_died())

    def _hear(self, message: Message) -> None:
        asked = self._asked.get(message["id"])
        if asked is None:
            return
        if "progress" in message:
            if asked.heard is not None:
                asked.heard(message["progress"])
        elif not asked.answer.done():
            asked.answer.set_result(message)

    @staticmethod
    def _send(process: asyncio.subprocess.Process, message: Message) -> None:
        if process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                process.stdin.write(to_line(message))


def _died() -> ServiceError:
    return ServiceError(
        "engine.viewer_died",
        "The process that makes pictures has ended.",
        "Ask again, which starts another; the engine's log says why.",
    )
