"""What Nuke calls: a node was made, a knob changed, a script closes, a render begins. None but the gate ever raises."""

import traceback
from contextlib import suppress
from typing import Any, Callable

import nuke

from . import running
from .contract import EngineError, engine_command, prepare
from .gate import Gate
from .host import run_beside
from .knobs import SLOTS, TABLE
from .node import cache_folder, ensure_identity, is_ours, result_of, show_layers
from .request import TrackRequest, read_requests
from .slots import number_of, show_slot
from .status import describe, forget, is_true, tell
from .storage import describe_size

_USE = {knob.name: knob.use for knob in TABLE}
_gates: list[Gate] = []
_read: dict[str, list[TrackRequest]] = {}  # by identity: what the graph held when its node was last looked at whole


def register() -> None:
    """Set Nuke's callbacks, in place of those of an earlier registration."""
    unregister()
    gate = Gate()
    nuke.addBeforeRender(gate.before_render)
    nuke.addBeforeFrameRender(gate.before_frame)
    nuke.addOnScriptClose(_script_closes)
    _gates.append(gate)


def unregister() -> None:
    """Take the callbacks away; nothing happens if there are none."""
    while _gates:
        gate = _gates.pop()
        nuke.removeBeforeRender(gate.before_render)
        nuke.removeBeforeFrameRender(gate.before_frame)
        nuke.removeOnScriptClose(_script_closes)


def _quiet(call: Callable[[Any], None]) -> Callable[[], None]:
    def guarded() -> None:
        try:
            node = nuke.thisNode()
            if is_ours(node):
                call(node)
        except Exception:  # noqa: BLE001 - an exception here would spoil the artist's paste, load or drag
            nuke.tprint("MAM2: " + traceback.format_exc())

    return guarded


@_quiet
def created(node: Any) -> None:
    """A node was made, pasted, loaded, or came back by an undo."""
    ensure_identity(node)
    for number in range(1, SLOTS + 1):
        show_slot(node, number)


@_quiet
def destroyed(node: Any) -> None:
    """A node is being deleted."""
    uid = str(node["uid"].value())
    running.stop(uid)
    _read.pop(uid, None)
    forget(uid)


@_quiet
def knob_changed(node: Any) -> None:
    """A knob of an open panel changed, or the panel was opened."""
    knob = nuke.thisKnob()
    name = knob.name() if knob is not None else ""
    if number_of(name):
        show_slot(node, number_of(name))
    if name == "matte_of":
        show_layers(node, result_of(node))
    if name == "showPanel":
        node["cache_size"].setValue(describe_size(cache_folder(node)))
        run_beside(lambda: prepare(engine_command()), "mam2-prepare")
    if name in ("showPanel", "inputChange") or _USE.get(name) in ("request", "state"):
        _refresh(node, whole=not number_of(name))


@_quiet
def updated(node: Any) -> None:
    """Nuke has nothing else to do: what an undo, or a script, changed behind the panel's back is shown as it is."""
    if not nuke.GUI or running.is_running(str(node["uid"].value())) or is_true(node):
        return
    for number in range(1, SLOTS + 1):
        show_slot(node, number)
    show_layers(node, result_of(node))
    _refresh(node, whole=True)


def _refresh(node: Any, *, whole: bool) -> None:
    """Say anew how the node stands; while a point is dragged, the graph above is not walked through again."""
    uid = str(node["uid"].value())
    if running.is_running(uid):
        return
    if whole or uid not in _read:
        _read.pop(uid, None)
        with suppress(EngineError):  # what is wrong stands in the status
            _read[uid] = read_requests(node)
    tell(node, describe(node, _read.get(uid, ())))


def _script_closes() -> None:
    running.stop_all()
    _read.clear()
