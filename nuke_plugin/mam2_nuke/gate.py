"""Before a render: what is seen is the result, and no frame goes out whose matte is missing or out of date.

The node itself refuses, by its Guard, wherever in the graph a frame is read: behind a TimeOffset, in a LiveGroup, on a
farm without this plug-in. Here it is looked at anew when a Write begins, and in a window told that a render goes on.
"""

import threading
from contextlib import suppress

import nuke

from . import results
from .contract import EngineError
from .host import on_main
from .node import end_preview, is_ours, our_nodes, put, record_path
from .standing import refresh

WRITES = ("Write", "DeepWrite", "WriteGeo")
_LOOK = 0.2
_ended = threading.Event()


def before_render() -> None:
    """Look at every MAM2 node of the script, and let it be read as a farm reads it."""
    if is_ours(nuke.thisNode().parent()):
        return  # plates that go to the engine
    for node in our_nodes():
        end_preview(node)
        standing = refresh(node)
        if standing.wrong and node["stale"].value() != "refuse":
            nuke.tprint(f"MAM2, warning: {node.fullName()}: {standing.sentence()}")
        put(node, rendering=1)
    _ended.clear()
    if nuke.GUI:
        threading.Thread(target=_wait, name="mam2-render", daemon=True).start()


def after_render() -> None:
    """Let the window show what there is again."""
    if not is_ours(nuke.thisNode().parent()):
        release()


def release() -> None:
    """Tell the nodes that nothing is rendered any more."""
    _ended.set()
    for node in our_nodes():
        put(node, rendering=0)


def before_save() -> None:
    """Let a script be saved as it renders, and its mattes be kept for it."""
    script = str(nuke.root()["name"].value())
    for node in our_nodes():
        end_preview(node)
        with suppress(EngineError):
            refresh(node)
        if script and node["has_matte"].value():
            results.mark(record_path(node), script)


def _wait() -> None:
    """See the end of a render that fails: Nuke calls nobody then."""
    with suppress(RuntimeError):  # Nuke may be closing
        while not _ended.wait(_LOOK) and on_main(_still):
            pass


def _still() -> bool:
    if nuke.executing():
        return True
    release()
    return False
