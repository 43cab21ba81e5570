"""Where a running engine is found: one small file that only its user can read.

The engine writes it when it is ready to answer and removes it when it ends. Whoever can read it may use the engine.
"""

import json
import os
import stat
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

from .files import write_whole

FILE = "engine.json"


@dataclass(frozen=True)
class Connection:
    """How to reach an engine.

    Attributes:
        host: always a loopback address.
        port: TCP port on it.
        token: what a request proves itself with.
        pid: the engine's process.
        version: the engine's version.
        socket: path of a Unix socket that answers the same; empty where the system has none.
    """

    host: str
    port: int
    token: str
    pid: int
    version: str
    socket: str = ""

    @property
    def url(self) -> str:
        """The address that a browser or curl takes."""
        return "http://{}:{}".format(self.host, self.port)


def runtime_folder() -> Path:
    """Give the user's folder for the connection file: `$MAM2_RUNTIME`, else the system's own place."""
    named = os.environ.get("MAM2_RUNTIME")
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mam2" / "run"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "mam2" / "run"
    session = os.environ.get("XDG_RUNTIME_DIR")
    return Path(session) / "mam2" if session else Path.home() / ".cache" / "mam2" / "run"


def make_runtime_folder() -> Path:
    """Make the folder, for its user alone (0700).

    Raises:
        OSError: it cannot be made, or it belongs to somebody else.
    """
    folder = runtime_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
        raise PermissionError("the folder '{}' belongs to another user".format(folder))
    folder.chmod(0o700)
    return folder


def write_connection(connection: Connection) -> Path:
    """Write the connection file (0600), whole or not at all; `read_connection` is the inverse.

    Raises:
        OSError: it cannot be written.
    """
    folder = make_runtime_folder()
    data = dict(asdict(connection), url=connection.url)
    write_whole(folder / FILE, json.dumps(data).encode())
    return folder / FILE


def read_connection() -> Optional[Connection]:
    """Read the connection file; None when there is none, it is damaged, or others could have written it."""
    path = runtime_folder() / FILE
    try:
        found = path.stat()
        data = json.loads(path.read_text())
        data.pop("url", None)
        connection = Connection(**data)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077):
        return None
    return connection if isinstance(connection.port, int) and connection.host in ("127.0.0.1", "::1") else None


def remove_connection(pid: int) -> None:
    """Remove the connection file if it is of this process."""
    current = read_connection()
    if current is not None and current.pid == pid:
        (runtime_folder() / FILE).unlink()
