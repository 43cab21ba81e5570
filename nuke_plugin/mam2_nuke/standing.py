"""How a node stands: what its status says, and which frames a render may read. No other module knows it.

Three steps. `look` reads knobs and graph in Nuke's main thread, `judge` compares with the mattes on disk in any thread,
`show` says it in the node. While somebody works, `soon` takes them beside the session, at most every `_EVERY` seconds.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Optional

import nuke

from . import results
from .contract import EngineError, count, spell
from .host import on_main, quiet, without_undo
from .names import object_name
from .node import NodeGone, find, inner, put, record_path, show_layers
from .request import TrackRequest, read_requests
from .slots import show_slots, used_slots

TRACKED: set[str] = set()
"""Identities of nodes that are being tracked: their status says so, and nobody looks."""
_EVERY = 0.2
_CONNECT = "Connect a plate, then add a prompt."
_ADD = "Add a prompt: press '+ point' and drag it onto the object in the viewer."
_NO_MATTES = "The mattes are not on this machine: track again, or bake them where they are."
_NEXT = "Track the shot, or set 'stale mattes in renders' to warn."


@dataclass(frozen=True)
class Standing:
    """How a node stands.

    Attributes:
        text: for its status; before it is judged, what is in the way of comparing, or nothing.
        span: the frames of its range.
        record: of the mattes that it reads; empty: it has none.
        requests: one a view; none where something is in the way.
        wrong: frames of the range that must not go out, each with what is wrong; None: it cannot be told here.
        objects: names of those in its mattes.
        layers: what these hold besides.
    """

    text: str
    span: range
    record: str
    requests: tuple[TrackRequest, ...] = ()
    wrong: Optional[dict[int, str]] = None
    objects: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()

    @property
    def is_harmless(self) -> bool:
        """Whether the node gives the plate as it is, and nobody expects more."""
        return not self.record and self.text in (_CONNECT, _ADD)

    def sentence(self) -> str:
        """Say which frames must not go out."""
        kinds: dict[str, list[int]] = {}
        for frame, kind in (self.wrong or {}).items():
            kinds.setdefault(kind, []).append(frame)
        said = [f"The mattes of {spell(frames)} are {kind}." for kind, frames in kinds.items()]
        return " ".join([*said, f"The range is {self.span.start}-{self.span.stop - 1}.", _NEXT])


def look(node: Any, before: Sequence[TrackRequest] = ()) -> Standing:
    """Look at a node; nothing is judged yet. Main thread only.

    Args:
        node: the MAM2 node.
        before: as `read_requests` takes it.
    """
    span, record = range(int(node["first"].value()), int(node["last"].value()) + 1), record_path(node)
    if node.input(0) is None:
        return Standing(_CONNECT, span, record)
    if not used_slots(node) and not node["mask_on"].value():
        return Standing(_ADD, span, record)
    try:
        requests = tuple(read_requests(node, before))
        object_name(str(node["object"].value()))  # before the next prompt is made of it
    except EngineError as problem:
        return Standing(str(problem), span, record)
    return Standing("", span, record, requests)


def judge(seen: Standing) -> Standing:
    """Compare what was looked at with the mattes that are there. Any thread."""
    result = results.load(seen.record) if seen.record else None
    if seen.record and result is None:
        return replace(seen, text=seen.text or _NO_MATTES)
    if result is not None:
        seen = replace(seen, objects=result.objects, layers=result.layers)
    if seen.text:
        return replace(seen, wrong={} if seen.is_harmless else dict.fromkeys(seen.span, f"uncertain ({seen.text})"))
    states = [(request, results.state_of(request, result)) for request in seen.requests]
    wrong: dict[int, str] = {}
    for _, state in states:
        wrong.update(dict.fromkeys(state.missing, "missing"))
        wrong.update(dict.fromkeys(state.stale, "out of date"))
    return replace(seen, text=" ".join(_of_view(*one) for one in states), wrong=wrong)


def show(node: Any, standing: Standing, opening: str = "") -> None:
    """Say in a node how it stands, and set its guard. No undo brings an old sentence back: it would not be true."""
    tell(node, opening + standing.text, standing)
    _hold(node, standing)


def _hold(node: Any, standing: Standing) -> None:
    show_layers(node, standing.objects, standing.layers)
    if standing.wrong is None:
        return  # the guard stays as it was where the mattes are; a file that is missing is an error of its own
    free = standing.is_harmless or node["stale"].value() != "refuse"
    right = "1" if free else _in(set(standing.span).difference(standing.wrong))
    expression, guard = f"!(parent.rendering||!$gui)||{right}", inner(node, "Guard")
    with without_undo():
        if expression not in guard["expression"].toScript().replace("\\", ""):
            guard["expression"].setExpression(expression)
        message, text = guard.knob("message"), "MAM2, frame [frame]: " + standing.sentence()
        if message is not None and message.value() != text:
            message.setValue(text)


def refresh(node: Any, opening: str = "") -> Standing:
    """Look at a node, judge it and show it, now."""
    standing = judge(look(node))
    show(node, standing, opening)
    return standing


def tell(node: Any, text: str, standing: Optional[Standing] = None) -> None:
    """Say something in the node's status, beside how it stands; it stays until the node stands otherwise."""
    put(node, status=text)
    WATCH.told(node, text, standing)


def _in(frames: set[int]) -> str:
    """Give the expression that is true on some frames."""
    ranges: list[list[int]] = []
    for frame in sorted(frames):
        if ranges and frame == ranges[-1][1] + 1:
            ranges[-1][1] = frame
        else:
            ranges.append([frame, frame])
    return "(" + "||".join(f"(frame>={first}&&frame<={last})" for first, last in ranges) + ")" if ranges else "0"


def _of_view(request: TrackRequest, state: results.State) -> str:
    before = request.view + ": " if request.view else ""
    if not state.right and not state.stale:
        return before + "Ready: press Track, or preview a frame first."
    said = [f"Mattes of {spell(state.right)} are up to date."] if state.right else []
    if state.stale:
        said.append(f"Mattes of {spell(state.stale)} are out of date: track again.")
    if state.missing:
        said.append(f"{count(len(state.missing))} not tracked: {spell(state.missing)}.")
    if state.plates_changed:
        said.append("The plates' files have changed since: track again to be sure.")
    return before + " ".join(said)


class Watch:
    """Shows how nodes stand while somebody works on them: a thread looks at those that were named, now and then."""

    def __init__(self) -> None:
        self._due: dict[str, bool] = {}  # by identity: whether the graph is to be walked through again
        self._requests: dict[str, tuple[TrackRequest, ...]] = {}  # by identity: as they were read last
        self._told: dict[str, tuple[str, str]] = {}  # by identity: the status told last, and how the node stood then
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None

    def soon(self, node: Any, *, whole: bool) -> None:
        """Have a node looked at soon; in a terminal, now.

        Args:
            node: the MAM2 node.
            whole: whether the graph may have changed too; a point that is dragged does not change it.
        """
        if not nuke.GUI:
            refresh(node)
            return
        uid = str(node["uid"].value())
        with self._lock:
            self._due[uid] = whole or self._due.get(uid, False)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="mam2-watch", daemon=True)
                self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether a node is still to be looked at."""
        with self._lock:
            return self._thread is not None

    def forget(self, uid: str) -> None:
        """Forget a node that is gone."""
        with self._lock:
            self._due.pop(uid, None)
            self._requests.pop(uid, None)
            self._told.pop(uid, None)

    def told(self, node: Any, text: str, standing: Optional[Standing]) -> None:
        """Note what a node was told, and how it stood; None: as before."""
        uid = str(node["uid"].value())
        self._told[uid] = text, standing.text if standing is not None else self._told.get(uid, ("", ""))[1]

    def _work(self) -> None:
        while True:
            with self._lock:
                due, self._due = self._due, {}
                if not due:
                    self._thread = None
                    return
            for one in due.items():
                quiet(partial(self._see, *one))
            time.sleep(_EVERY)

    def _see(self, uid: str, whole: bool) -> None:
        with suppress(NodeGone):
            seen = on_main(self._look, uid, whole)
            if seen is not None:
                standing, told = seen
                on_main(self._show, uid, judge(standing), told)

    def _look(self, uid: str, whole: bool) -> Optional[tuple[Standing, object]]:
        node = find(uid)
        if whole:
            self._requests.pop(uid, None)  # read anew, now or after the track
        if uid in TRACKED:
            return None
        show_slots(node)
        seen = look(node, self._requests.get(uid, ()))
        self._requests[uid] = seen.requests or self._requests.get(uid, ())
        return seen, self._told.get(uid)

    def _show(self, uid: str, standing: Standing, told: object) -> None:
        if uid in TRACKED:
            return
        node, now = find(uid), self._told.get(uid)
        if now is not told:  # something was said since the look, so it may be out of date
            self.soon(node, whole=True)
            return
        (_hold if (str(node["status"].value()), standing.text) == now else show)(node, standing)


WATCH = Watch()
