"""What Nuke calls: a node was made, a knob changed, a script is saved or closes, a render begins."""

from contextlib import suppress
from typing import Any, Callable

import nuke

from . import gate, running
from .contract import EngineError, engine_command, prepare
from .contract import find as find_engine
from .host import later, quiet, run_beside, without_undo
from .knobs import TABLE, number_of, slot
from .node import ensure_identity, find, is_ours, put, result_of, show_layers
from .slots import show_slot, show_slots
from .standing import WATCH
from .storage import measure

_USE = {knob.name: knob.use for knob in TABLE}


def register() -> None:
    """Set Nuke's callbacks; again is not twice: Nuke itself takes a function that it has for the same."""
    for kind in gate.WRITES:
        nuke.addBeforeRender(gate.before_render, nodeClass=kind)
        nuke.addAfterRender(gate.after_render, nodeClass=kind)
    nuke.addOnScriptSave(_saved)
    nuke.addOnScriptClose(running.stop_all)


def _on_node(call: Callable[[Any], None]) -> Callable[[], None]:
    return lambda: quiet(lambda: call(nuke.thisNode()) if is_ours(nuke.thisNode()) else None)


@_on_node
def created(node: Any) -> None:
    """A node was made, pasted, loaded, or came back by an undo."""
    node["gamma"].setDefaultValue([1.0])  # a script's text cannot say it: Nuke would take 0
    put(node, rendering=0)  # it may have been saved while it was rendered
    ensure_identity(node)
    show_slots(node)


@_on_node
def destroyed(node: Any) -> None:
    """A node is being deleted."""
    uid = str(node["uid"].value())
    running.stop(uid)
    WATCH.forget(uid)


@_on_node
def knob_changed(node: Any) -> None:
    """A knob of an open panel changed, or the panel was opened."""
    knob = nuke.thisKnob()
    name = knob.name() if knob is not None else ""
    number = number_of(name)
    if number and name in (slot(number, "kind"), slot(number, "object"), slot(number, "used")):
        show_slot(node, number)
    if name == "matte_of":
        result = result_of(node)
        show_layers(node, result.objects if result is not None else ())
    if name == "showPanel":
        measure(node)
        uid = str(node["uid"].value())
        run_beside(lambda: _prepare(uid), "mam2-prepare")
    matters = number or name in ("showPanel", "inputChange") or _USE.get(name) in ("request", "setting")
    if matters and nuke.GUI:
        WATCH.soon(node, whole=not number)


@_on_node
def updated(node: Any) -> None:
    """Nuke has nothing else to do: what an undo, or a script, changed behind the panel's back is shown as it is."""
    if nuke.GUI:
        WATCH.soon(node, whole=False)


def _prepare(uid: str) -> None:
    """Start the engine, and offer the models that it says are ready."""
    prepare(engine_command())
    with suppress(EngineError):
        engine = find_engine()
        if engine is None:
            return
        with engine:
            ready = ["auto", *(one["name"] for one in engine.models()["models"] if one["ready"])]
        later(lambda: quiet(lambda: _offer(uid, ready)))


def _offer(uid: str, names: list[str]) -> None:
    knob = find(uid)["model"]
    chosen = knob.value()
    with without_undo():
        knob.setValues(names if chosen in names else [*names, chosen])
        knob.setValue(chosen)


def _saved() -> None:
    quiet(gate.before_save)
