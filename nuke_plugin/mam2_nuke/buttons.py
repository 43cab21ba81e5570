"""What the node's buttons do. Each says in the node what went wrong; none lets a traceback reach the artist."""

import traceback
from typing import Any, Callable

import nuke

from . import running
from .bake import bake
from .contract import EngineError
from .host import Progress, say
from .knobs import BOX, NEGATIVE, POSITIVE
from .node import cache_folder, result_of
from .slots import add_prompt, number_of, remove_prompt
from .status import describe, tell
from .storage import clear, describe_size
from .waiting import Cancelled


def press(name: str) -> None:
    """Do what a button says, on the node that it belongs to.

    Raises:
        RuntimeError: in a terminal, what went wrong in words: a script that drives the node must not go on.
    """
    node = nuke.thisNode()
    try:
        _ACTIONS[name](node)
    except EngineError as problem:
        _tell(node, str(problem), problem)
    except Exception as problem:  # noqa: BLE001 - the last place before the artist
        nuke.tprint(traceback.format_exc())
        text = "MAM2 made a mistake of its own ({}). The terminal has the details: please report it."
        _tell(node, text.format(problem), problem)


def _tell(node: Any, text: str, problem: Exception) -> None:
    tell(node, text)
    if not nuke.GUI:
        raise RuntimeError(text) from problem


def _add(kind: str) -> Callable[[Any], None]:
    def add(node: Any) -> None:
        add_prompt(node, kind)
        tell(node, describe(node))

    return add


def _remove(node: Any) -> None:
    remove_prompt(node, number_of(nuke.thisKnob().name()))
    tell(node, describe(node))


def _set_range(node: Any) -> None:
    found = (node.input(0) or nuke.root()).frameRange()
    node["first"].setValue(found.first())
    node["last"].setValue(found.last())


def _track(direction: str) -> Callable[[Any], None]:
    def track(node: Any) -> None:
        node["direction"].setValue(direction)
        running.start(node)

    return track


def _preview(node: Any) -> None:
    running.start(node, preview=int(nuke.frame()))


def _stop(node: Any) -> None:
    running.stop(str(node["uid"].value()))


def _clear(node: Any) -> None:
    clear(node)
    node["cache_size"].setValue(describe_size(cache_folder(node)))
    tell(node, describe(node))


def _bake(node: Any) -> None:
    progress = Progress(f"MAM2: bake {node.name()}")
    try:
        made = bake(node, result_of(node), progress)
    except Cancelled:
        tell(node, "Stopped: nothing was baked.")
    else:
        say(f"Baked into {made}.")
    finally:
        progress.close()


_ACTIONS: dict[str, Callable[[Any], None]] = {
    "add_positive": _add(POSITIVE),
    "add_negative": _add(NEGATIVE),
    "add_box": _add(BOX),
    "remove_prompt": _remove,
    "set_range": _set_range,
    "preview": _preview,
    "track_forward": _track("forward"),
    "track_backward": _track("backward"),
    "track_both": _track("both"),
    "stop": _stop,
    "clear": _clear,
    "bake": _bake,
}
