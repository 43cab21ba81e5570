"""The node's cache: how large it is, and its end."""

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import running
from .contract import EngineError, ServiceError, find
from .host import run_beside
from .node import cache_folder, forget_mattes, our_nodes
from .results import size_of

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def describe_size(folder: Path) -> str:
    """Say how much lies in a folder."""
    size = float(size_of(folder))
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {_UNITS[unit]} in {folder}" if size else "nothing yet"


def clear(node: Any) -> None:
    """Delete a node's mattes, and its plates in the engine; what copies of the node still read stays.

    Raises:
        ServiceError: `node.busy` while it is being tracked, `cache.shared` when a copy reads the mattes.
    """
    uid = str(node["uid"].value())
    if running.is_running(uid):
        raise ServiceError("node.busy", "This node is being tracked.", "Press Stop first.")
    folder = cache_folder(node)
    base = str(folder).replace("\\", "/") + "/"
    readers = [
        one.fullName()
        for one in our_nodes()
        if one["uid"].value() != uid and str(one["result"].value()).startswith(base)
    ]
    if readers:
        raise ServiceError(
            "cache.shared",
            "{} still reads these mattes: it is a copy of this node.".format(", ".join(readers)),
            "Track the copy, or delete it, before you clear.",
        )
    forget_mattes(node)
    with suppress(OSError):
        folder = folder.rename(folder.with_name(f"{uid}.{time.time_ns()}.removed"))
    run_beside(lambda: _remove(folder, uid), "mam2-clear")  # a window waits for neither a large folder nor an engine


def _remove(folder: Path, uid: str) -> None:
    shutil.rmtree(str(folder), ignore_errors=True)
    with suppress(EngineError):
        engine = find()
        if engine is not None:
            with engine:
                for shot in engine.status()["shots"]:
                    if shot == "nuke-" + uid or shot.startswith(f"nuke-{uid}-"):
                        engine.delete(shot)
