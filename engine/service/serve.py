"""`mam2 serve`: one engine for this user, found through the connection file, gone when nobody needs it."""

import logging
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import anyio
import filelock
import uvicorn

from engine import __version__
from engine.contract.connection import Connection, make_runtime_folder, remove_connection, write_connection
from engine.contract.errors import ServiceError
from engine.service.app import build
from engine.service.bounded_http import BoundedHttp, raise_descriptors
from engine.service.devices import find_devices
from engine.service.engine import Engine
from engine.service.security import Gate, Tickets
from engine.service.settings import ServiceSettings
from engine.service.store_lock import StoreLock

_log = logging.getLogger(__name__)

HOST = "127.0.0.1"
_SLACK = 1 << 16  # bytes of a request that are no plate


def serve(settings: ServiceSettings) -> None:
    """Serve until idle or told to stop.

    Raises:
        ServiceError: `engine.running` if this user has an engine already, `engine.runtime` if there is no folder for
            the connection file, or the store cannot be used; `store.in_use` if another engine works in it.
    """
    os.umask(0o077)
    raise_descriptors()
    with _alone() as folder, _listening(folder) as (tcp, unix), _store_held(settings.store) as lock:
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
        app.router.lifespan_context = lambda _: _life(engine, server, connection, lock)
        server.run(sockets=[one for one in (tcp, unix) if one is not None])


@asynccontextmanager
async def _life(engine: Engine, server: uvicorn.Server, connection: Connection, lock: StoreLock) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_work, engine.run, server)
        tasks.start_soon(_work, lock.keep, server)
        tasks.start_soon(_leave_when_idle, engine, server)
        write_connection(connection)
        _log.info("engine %s answers at %s, process %d", __version__, connection.url, connection.pid)
        try:
            yield
        finally:
            remove_connection(connection.pid)
            tasks.cancel_scope.cancel()


async def _work(run: Callable[[], Awaitable[None]], server: uvicorn.Server) -> None:
    """Do the engine's own work. If that ends by a mistake of ours, so does the process: the next host gets another."""
    try:
        await run()
    except Exception:  # noqa: BLE001 - whatever it is, it must not leave a process that answers and does nothing
        _log.exception("the engine cannot go on")
        server.should_exit = True


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
def _store_held(root: Path) -> Iterator[StoreLock]:
    lock = StoreLock(root.absolute())
    lock.take()
    try:
        yield lock
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
