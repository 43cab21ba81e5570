"""Small pictures for the monitor, made in a process of their own: decoding a 4K plate must keep no answer waiting."""

import asyncio
import base64
import contextlib
import json

from engine.contract.errors import ServiceError, error_from_json
from engine.own_python import FOLDER, environment, python_command
from engine.service.store import StoredShot

_LINE = 1 << 20
_REST = 60.0  # seconds without a picture after which the process ends


class Thumbnails:
    """Asks a process for pictures, one at a time; it is started when somebody looks, and ends when nobody does."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._end: asyncio.TimerHandle | None = None

    async def get(self, stored: StoredShot, frame: int, of: str) -> bytes:
        """Give a JPEG.

        Args:
            stored: the shot.
            frame: the host's number.
            of: `plate`, `alpha` (of all objects together) or `comp` (the plate by its alpha over a checkerboard).

        Raises:
            ServiceError: `matte.missing` when plate or matte is not there; `engine.thumbnail` when the process dies.
            PlateError: it cannot be read.
        """
        async with self._turn:
            line = await self._ask(json.dumps({"shot": str(stored.folder), "frame": frame, "of": of}).encode() + b"\n")
            if self._end is not None:
                self._end.cancel()
            self._end = asyncio.get_running_loop().call_later(_REST, self.close)
        answer = json.loads(line or b"{}")
        if "error" in answer:
            raise error_from_json(answer["error"])
        if "jpeg" not in answer:
            raise ServiceError("engine.thumbnail", "The picture could not be made.", "Look at the engine's log.")
        return base64.b64decode(answer["jpeg"])

    def close(self) -> None:
        """Let the process end by itself: its input ends here."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None

    async def _ask(self, line: bytes) -> bytes:
        process = self._process
        if process is None or process.returncode is not None:
            command, pipe = python_command("engine.service.worker.thumbnails"), asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, limit=_LINE, cwd=FOLDER, env=environment()
            )
            self._process = process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("pipes were asked for")
        try:
            with contextlib.suppress(ConnectionError):
                process.stdin.write(line)
                await process.stdin.drain()
            found = await process.stdout.readline()
        except ValueError:  # a line longer than any picture's
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            found = b""
        except BaseException:
            self.close()  # its answer must not be taken for the next one's
            raise
        if not found:
            self._process = None  # it died: the next picture gets another
        return found
