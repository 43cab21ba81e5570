"""The engine that hosts share: its connection file, and what answers there."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil

from engine import __version__
from engine.contract.client import EngineClient
from engine.contract.connection import FILE, Connection, read_connection, runtime_folder
from engine.contract.errors import EngineError
from engine.doctor.facts import FAULT, OK, WARNING, Finding, Machine

_HOSTS = ("resolve", "davinci", "fusion", "nuke")  # how their programs' names begin
_SECONDS = 15.0  # more patient than hosts: a busy machine is no fault


def check_connection(machine: Machine) -> Iterator[Finding]:
    """Say whether an engine runs, and whether hosts find it."""
    del machine
    path = runtime_folder() / FILE
    if not path.exists():
        yield Finding("engine", OK, "none is running; a host starts it when it needs it")
        return
    connection = read_connection()
    yield _unreadable(path) if connection is None else _answering(path, connection)


def _unreadable(path: Path) -> Finding:
    delete = "Delete it, end the engine if one is running, and let a host start it again."
    try:
        found = path.stat()
        path.read_bytes()
    except OSError as problem:
        return Finding("engine", FAULT, f"The connection file '{path}' cannot be read: {problem.strerror}.", delete)
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        return Finding("engine", FAULT, f"The connection file '{path}' belongs to another user.", delete)
    if os.name == "posix" and stat.S_IMODE(found.st_mode) & 0o077:
        return Finding(
            "engine",
            FAULT,
            f"Other users may read the connection file '{path}', so hosts refuse it.",
            delete,
        )
    return Finding("engine", FAULT, f"The connection file '{path}' is damaged.", delete)


def _answering(path: Path, connection: Connection) -> Finding:
    if not psutil.pid_exists(connection.pid):
        return Finding(
            "engine",
            WARNING,
            f"The connection file '{path}' is left from an engine that is gone.",
            "Nothing has to be done: the next start replaces it. It may be deleted.",
        )
    try:
        with EngineClient(connection, timeout=_SECONDS) as client:
            version = str(client.status()["version"])
    except EngineError as problem:
        return Finding(
            "engine",
            FAULT,
            f"Process {connection.pid} is there, but does not answer as the engine: {problem.message}",
            f"If it is the engine, end process {connection.pid}; delete '{path}'. A host starts another.",
        )
    if version != __version__:
        return Finding(
            "engine",
            WARNING,
            f"The engine that is running is version {version}, this is {__version__}.",
            f"End process {connection.pid}; the next start is of this version.",
        )
    under = _host_above(connection.pid)
    descent = f"a descendant of {under}" if under else "of no host's descent"
    return Finding("engine", OK, f"version {version} is running, process {connection.pid}, {descent}")


def _host_above(pid: int) -> str:
    """Name the host whose descendant a process is, by which endpoint security may judge it; empty for none."""
    try:
        names = [parent.name() for parent in psutil.Process(pid).parents()]
    except psutil.Error:
        return ""
    return next((name for name in names if name.lower().startswith(_HOSTS)), "")
