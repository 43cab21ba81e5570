"""What the node's status line says: how things stand, and what to do next."""

from collections.abc import Sequence
from typing import Any

from . import results
from .contract import EngineError, PromptError, count, spell
from .host import without_undo
from .knobs import TABLE
from .names import object_name
from .node import result_of
from .prompts import used_slots
from .request import TrackRequest, read_requests
from .slots import number_of

_DECIDING = tuple(
    (knob.name, number_of(knob.name)) for knob in TABLE if knob.use in ("request", "state") or knob.name == "matte_of"
)
_told: dict[str, tuple[str, ...]] = {}  # by identity


def describe(node: Any, before: Sequence[TrackRequest] = ()) -> str:
    """Say how a node stands, and what its artist does next.

    Args:
        node: the MAM2 node.
        before: as `read_requests` takes it.
    """
    if node.input(0) is None:
        return "Connect a plate, then add a prompt."
    try:
        object_name(str(node["object"].value()))
    except PromptError as problem:  # before the next prompt is made of it
        return str(problem)
    if not used_slots(node) and not node["mask_on"].value():
        return "Add a prompt: press '+ point' and drag it onto the object in the viewer."
    try:
        requests = read_requests(node, before)
    except EngineError as problem:
        return str(problem)
    result = result_of(node)
    if result is None and node["has_matte"].value():
        return "The mattes are not on this machine: track again, or bake them where they are."
    return " ".join(_of_view(request, results.state_of(request, result)) for request in requests)


def tell(node: Any, text: str) -> None:
    """Say something in the node's status. No undo brings an old sentence back: it would not be true any more."""
    with without_undo():
        if node["status"].value() != text:
            node["status"].setValue(text)
    _told[str(node["uid"].value())] = _values(node)


def is_true(node: Any) -> bool:
    """Tell whether the node's own knobs are as they were when its status was said, or first looked at."""
    values = _values(node)
    return _told.setdefault(str(node["uid"].value()), values) == values


def forget(uid: str) -> None:
    """Forget a node that is gone."""
    _told.pop(uid, None)


def _values(node: Any) -> tuple[str, ...]:
    """Give the values that the status is made from: quickly, for they are compared after every change of the script."""
    numbers = {0, *used_slots(node)}
    return tuple(node[name].toScript() for name, number in _DECIDING if number in numbers)


def _of_view(request: TrackRequest, state: results.State) -> str:
    before = request.view + ": " if request.view else ""
    if not state.right and not state.stale:
        return before + "Ready: press Track, or preview a frame first."
    said: list[str] = []
    if state.right:
        said.append(f"Mattes of {spell(state.right)} are up to date.")
    if state.stale:
        said.append(f"Mattes of {spell(state.stale)} are out of date: track again.")
    if state.missing:
        said.append(f"{count(len(state.missing))} not tracked: {spell(state.missing)}.")
    if state.plates_changed:
        said.append("The plates' files have changed since: track again to be sure.")
    return before + " ".join(said)
