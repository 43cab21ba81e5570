"""Finding the user's engine, starting it, opening its page. Standard library only; a host calls it from a thread."""

import html
import os
import shlex
import shutil
import subprocess
import sys
import time
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Dict, List, Optional

from .client import EngineClient
from .connection import make_runtime_folder, read_connection
from .errors import EngineError, ServiceError
from .files import write_whole

LOG = "engine.log"
COMMAND = "MAM2_COMMAND"
PREPARE = "MAM2_PREPARE"
START_TIMEOUT = 60.0
_ANSWER_TIMEOUT = 5.0
_LOG_BYTES = 4 << 20
# A host's own Python, libraries and windows must not reach the engine.
_SCRUBBED = ("PYTHON", "LD_", "DYLD_", "QT_", "NUKE_", "OFX_", "VIRTUAL_ENV", "CONDA_")


def find() -> Optional[EngineClient]:
    """Give a client of the engine that is running, or None."""
    connection = read_connection()
    if connection is None:
        return None
    client = EngineClient(connection, timeout=_ANSWER_TIMEOUT)
    try:
        client.status()
    except EngineError:
        client.close()
        return None
    client.close()
    return EngineClient(connection)


def find_or_start(command: Optional[List[str]] = None, timeout: float = START_TIMEOUT) -> EngineClient:
    """Give a client of the user's engine, starting one if there is none; several hosts may ask at once.

    Args:
        command: what starts an engine; None: `$MAM2_COMMAND`, else `mam2 serve` where it is on the path.
        timeout: seconds until it must answer.

    Raises:
        ServiceError: `engine.never` where `MAM2_ENGINE=never` forbids it, `engine.not_found`, or `engine.start` with
            the end of the engine's log.
    """
    client = find()
    if client is not None:
        return client
    if _is_forbidden():
        raise ServiceError(
            "engine.never",
            "No engine is running, and MAM2_ENGINE=never forbids to start one here.",
            "Track on a workstation first; renders use the mattes that are there.",
        )
    process = _start(command or _command())
    ends = time.monotonic() + timeout
    while time.monotonic() < ends:
        client = find()
        if client is not None:
            return client
        # Of two that were started at once one leaves, for the other: then that one is waited for.
        if process.poll() not in (None, 2):
            break
        time.sleep(0.05)
    raise ServiceError(
        "engine.start",
        "The engine was started but does not answer." + _end_of_log(),
        "The whole log is {}.".format(make_runtime_folder() / LOG),
    )


def prepare(command: Optional[List[str]] = None) -> None:
    """Start the user's engine ahead of the first question, if there is none; nobody waits until it answers.

    What is wrong then is said by `find_or_start`, when somebody wants to know. `MAM2_PREPARE=0` leaves it to that, as
    does `MAM2_ENGINE=never`.

    Args:
        command: as for `find_or_start`.
    """
    wanted = os.environ.get(PREPARE, "").lower() not in ("0", "false", "no", "off") and not _is_forbidden()
    with suppress(EngineError):
        if wanted and find() is None:
            _start(command or _command())


def scrubbed_environment() -> Dict[str, str]:
    """Give this process's environment without what belongs to its host alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_SCRUBBED)}


def _is_forbidden() -> bool:
    return os.environ.get("MAM2_ENGINE", "").lower() == "never"


def _command() -> List[str]:
    named = os.environ.get(COMMAND)
    if named and sys.platform == "win32":
        # Backslashes are part of Windows' paths; quotes around a path with blanks are not.
        return [part.strip('"') for part in shlex.split(named, posix=False)]
    if named:
        return shlex.split(named)
    found = shutil.which("mam2")
    if found is None:
        raise ServiceError(
            "engine.not_found",
            "The engine is not installed where it can be found.",
            "Set {} to its 'mam2 serve', with the whole path.".format(COMMAND),
        )
    return [found, "serve"]


def _start(command: List[str]) -> "subprocess.Popen[bytes]":
    log = make_runtime_folder() / LOG
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_name(LOG + ".old"))
    try:
        with log.open("ab") as file:
            if sys.platform == "win32":
                flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
                try:
                    return _detached(command, file, creationflags=flags | subprocess.CREATE_BREAKAWAY_FROM_JOB)
                except PermissionError:  # some hosts run in a job that nothing may leave: then it ends with the host
                    return _detached(command, file, creationflags=flags)
            return _detached(command, file, start_new_session=True)
    except OSError as problem:
        raise ServiceError(
            "engine.not_found",
            "The engine cannot be started with '{}': {}.".format(" ".join(command), problem),
            "Set {} to its 'mam2 serve', with the whole path.".format(COMMAND),
        ) from problem


def _detached(command: List[str], log: IO[bytes], **options: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - the user's own
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=scrubbed_environment(),
        cwd=str(Path(log.name).parent),
        close_fds=True,
        **options,
    )


def _end_of_log() -> str:
    try:
        lines = (make_runtime_folder() / LOG).read_text(errors="replace").strip().splitlines()[-3:]
    except OSError:
        return ""
    return " Its log ends: {}".format(" / ".join(lines)) if lines else ""


_PAGE = """<!doctype html>
<meta charset="utf-8">
<title>MAM2</title>
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={link}">
<a href="{link}">Go on</a>
"""


def open_privately(link: str) -> None:
    """Open a link by a file that its user alone can read (0600), which leads on to it.

    Raises:
        OSError: the file cannot be written.
    """
    # Browsers in snaps read no hidden folder and none of the system's, but plain files of the home.
    folder = Path.home() if (Path.home() / "snap").is_dir() else make_runtime_folder()
    page = folder / "mam2-open.html"
    write_whole(page, _PAGE.format(link=html.escape(link)).encode())
    webbrowser.open(page.as_uri())
