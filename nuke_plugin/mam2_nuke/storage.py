"""The node's cache: how large it is, and its end."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import nuke

from . import running
from .contract import EngineError, ServiceError
from .contract import find as find_engine
from .host import later, run_beside
from .node import NodeGone, cache_folder, find, forget_mattes, our_nodes, put
from .results import remove, size_of

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def describe_size(folder: Path) -> str:
    """Say how much lies in a folder."""
    size = float(size_of(folder))
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {_UNITS[unit]} in {folder}" if size else "nothing yet"


def measure(node: Any) -> None:
    """Have the node say how much its cache holds, when that is known."""
    folder, uid = cache_folder(node), str(node["uid"].value())

    def work() -> None:
        text = describe_size(folder)
        later(lambda: say(text))

    def say(text: str) -> None:
        with suppress(NodeGone):
            put(find(uid), cache_size=text)

    run_beside(work, "mam2-measure")


def clear(node: Any) -> None:
    """Delete a node's mattes, and its plates in the engine; what other saved scripts or copies of the node read stays.

    Raises:
        ServiceError: `node.busy` while it is being tracked, `cache.shared` when a copy reads the mattes.
    """
    uid = str(node["uid"].value())
    if running.is_running(uid):
        raise ServiceError("node.busy", "This node is being tracked.", "Press Stop first.")
    folder = cache_folder(node)
    base = str(folder).replace("\\", "/") + "/"
    others = [one for one in our_nodes() if one["uid"].value() != uid]
    readers = [one.fullName() for one in others if str(one["result"].value()).startswith(base)]
    if readers:
        raise ServiceError(
            "cache.shared",
            "{} still reads these mattes: it is a copy of this node.".format(", ".join(readers)),
            "Track the copy, or delete it, before you clear.",
        )
    forget_mattes(node)
    script = str(nuke.root()["name"].value())
    # A window waits for neither a large folder nor an engine.
    run_beside(lambda: _remove(folder, uid, script), "mam2-clear")


def _remove(folder: Path, uid: str, script: str) -> None:
    remove(folder, script)
    for what in ("preview", "masks"):
        shutil.rmtree(str(folder / what), ignore_errors=True)
    for note in folder.glob("sent.*.json"):
        note.unlink()
    with suppress(OSError):
        folder.rmdir()  # unless it keeps what another script was saved with
    with suppress(EngineError):
        engine = find_engine()
        if engine is not None:
            with engine:
                for shot in engine.status()["shots"]:
                    if shot == "nuke-" + uid or shot.startswith(f"nuke-{uid}-"):
                        engine.delete(shot)
