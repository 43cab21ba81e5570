"""`mam2 serve`: one engine for this user, found through the connection file, gone when nobody needs it."""

import logging
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import anyio
import filelock
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from engine import __version__
from engine.contract.connection import Connection, make_runtime_folder, remove_connection, write_connection
from engine.contract.errors import ServiceError
from engine.service.app import build
from engine.service.devices import find_devices
from engine.service.engine import Engine
from engine.service.security import Gate, Tickets
from engine.service.settings import ServiceSettings

_log = logging.getLogger(__name__)

HOST = "127.0.0.1"
_SLACK = 1 << 16  # bytes of a request that are no plate
MOST_HEAD = 1 << 16  # bytes of request line and headers


def serve(settings: ServiceSettings) -> None:
    """Serve until idle or told to stop.

    Raises:
        ServiceError: `engine.running` if this user has an engine already, `engine.runtime` if there is no folder for
            the connection file, or the store cannot be used.
    """
    os.umask(0o077)
    with _alone() as folder, _listening(folder) as (tcp, unix):
        engine = Engine(settings, find_devices(settings.devices))
        port = tcp.getsockname()[1]
        token = secrets.token_urlsafe(32)
        tickets = Tickets()
        app = build(engine, tickets)
        gate = Gate(app, token, port, tickets, most_bytes=settings.plate_bytes + _SLACK, passed=engine.touch)
        server = uvicorn.Server(
            uvicorn.Config(
                gate,
                http=BoundedHttp,
                ws="none",
                log_config=None,
                access_log=False,
                log_level="error",  # otherwise anybody could fill the log with what is no request
                server_header=False,
                lifespan="on",
                timeout_graceful_shutdown=2,
            )
        )
        path = str(unix.getsockname()) if unix else ""
        connection = Connection(HOST, port, token, os.getpid(), __version__, path)
        app.router.lifespan_context = lambda _: _life(engine, server, connection)
        server.run(sockets=[one for one in (tcp, unix) if one is not None])


class BoundedHttp(HttpToolsProtocol):
    """One connection of uvicorn's, which has no limit on a request's head: a stranger must not fill our memory.

    A request whose head does not end within the limit is refused, and the connection closed.
    """

    _in_head = True
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take in what has come; of a head no more than the limit at once, for the parser keeps it."""
        while self._in_head and data:
            part, data = data[:MOST_HEAD], data[MOST_HEAD:]
            super().data_received(part)
            if self.transport.is_closing():
                return
            if self._in_head:
                self._head_bytes += len(part)
                if self._head_bytes >= MOST_HEAD:
                    self.send_400_response("The request's headers are too long.")
                    return
        if data:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Count no more: bodies have a limit of their own."""
        self._in_head = False
        super().on_headers_complete()


@asynccontextmanager
async def _life(engine: Engine, server: uvicorn.Server, connection: Connection) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.run)
        tasks.start_soon(_leave_when_idle, engine, server)
        write_connection(connection)
        _log.info("engine %s answers at %s, process %d", __version__, connection.url, connection.pid)
        try:
            yield
        finally:
            remove_connection(connection.pid)
            tasks.cancel_scope.cancel()


async def _leave_when_idle(engine: Engine, server: uvicorn.Server) -> None:
    while engine.idle_for < engine.settings.idle_exit:  # noqa: ASYNC110 - it is time passing that is waited for
        await anyio.sleep(min(1.0, engine.settings.idle_exit / 4))
    _log.info("nobody has asked for %g seconds: leaving", engine.settings.idle_exit)
    server.should_exit = True


@contextmanager
def _alone() -> Iterator[Path]:
    """Hold the one place of an engine for as long as it lives; the system frees it when the process dies."""
    try:
        folder = make_runtime_folder()
    except OSError as problem:
        raise ServiceError(
            "engine.runtime",
            f"There is no private folder for the engine's connection file: {problem}.",
            "Set MAM2_RUNTIME to a folder of your own.",
        ) from problem
    lock = filelock.FileLock(str(folder / "engine.lock"), timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise ServiceError(
            "engine.running", "This user has an engine running already.", "Use it (mam2 status), or end it first."
        ) from None
    try:
        yield folder
    finally:
        lock.release()


@contextmanager
def _listening(folder: Path) -> Iterator[tuple[socket.socket, socket.socket | None]]:
    """Listen on a free loopback port, and on a Unix socket where there is one."""
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp.bind((HOST, 0))
    unix, path = None, folder / "engine.sock"
    if hasattr(socket, "AF_UNIX") and sys.platform != "win32" and len(str(path)) < 100:
        path.unlink(missing_ok=True)
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        unix.bind(str(path))
    try:
        yield tcp, unix
    finally:
        tcp.close()
        if unix is not None:
            unix.close()
            with suppress(OSError):
                path.unlink()
