"""Before a render: no frame goes out whose matte is missing, or was made for something else.

An exception in these callbacks ends the render, with a non-zero status in a terminal: that is how a farm notices.
"""

from collections.abc import Iterator
from typing import Any

import nuke

from . import results
from .contract import EngineError, spell
from .graph import walk
from .node import is_ours, result_of
from .prompts import used_slots
from .request import read_requests

_REFUSE = "refuse"


class Gate:
    """What stands before the renders of one Nuke: looked at once when a Write begins, held against every frame."""

    def __init__(self) -> None:
        self._wrong: dict[str, list[tuple[Any, dict[int, str]]]] = {}

    def before_render(self) -> None:
        """Look at every MAM2 node that the Write reads from."""
        write = nuke.thisNode()
        self._wrong[write.fullName()] = [(node, _wrong_frames(node)) for node in _above(write)]

    def before_frame(self) -> None:
        """Refuse a frame, or warn of it, as its node says.

        Raises:
            RuntimeError: which mattes are missing or out of date, and what to do.
        """
        write, frame = nuke.thisNode(), int(nuke.frame())
        for node, wrong in self._wrong.get(write.fullName(), ()):
            if frame not in wrong:
                continue
            text = f"{node.fullName()}: {_listed(wrong)} {_WHAT_NEXT}"
            if node["stale"].value() == _REFUSE:
                raise RuntimeError(text)
            nuke.tprint("MAM2, warning: " + text)
            wrong.clear()  # once is enough


_WHAT_NEXT = "Track the shot, or set 'stale mattes in renders' to warn."


def _listed(wrong: dict[int, str]) -> str:
    kinds: dict[str, set[int]] = {}
    for frame, kind in wrong.items():
        kinds.setdefault(kind, set()).add(frame)
    return " ".join(f"The mattes of {spell(frames)} are {kind}." for kind, frames in kinds.items())


def _wrong_frames(node: Any) -> dict[int, str]:
    """Give the frames that must not go out, each with what is wrong."""
    result = result_of(node)
    unused = not used_slots(node) and not node["mask_on"].value()
    if node["disable"].value() or (unused and not node["has_matte"].value()):
        return {}
    try:
        requests = read_requests(node)
    except EngineError as problem:
        span = range(int(node["first"].value()), int(node["last"].value()) + 1)
        return dict.fromkeys(span, f"uncertain ({problem})")
    wrong: dict[int, str] = {}
    for request in requests:
        state = results.state_of(request, result)
        wrong.update(dict.fromkeys(state.stale, "out of date"))
        wrong.update(dict.fromkeys(state.missing, "missing"))
    return wrong


def _above(start: Any) -> list[Any]:
    """Give the MAM2 nodes that a node reads from, inside Groups and outside the one that it stands in."""
    return [node for node in walk(start, _feeding) if is_ours(node)]


def _feeding(node: Any) -> Iterator[Any]:
    if node.Class() == "Group" and not is_ours(node):
        yield from (inner for inner in node.nodes() if is_ours(inner) or inner.Class() == "Group")
    elif node.Class() == "Input" and node.parent() is not None:
        yield from _inputs(node.parent())
    yield from _inputs(node)


def _inputs(node: Any) -> Iterator[Any]:
    for number in range(node.inputs()):
        one = node.input(number)
        if one is not None:
            yield one
