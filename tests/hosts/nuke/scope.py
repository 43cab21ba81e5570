"""What the names in an expression mean: `parent.size`, `Tracker1.tracks.1.track_x`, `input.width`, `frame`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from .current import session
from .expressions import CircleError, Expression, ExpressionError

_FORMAT_PARTS = {
    "width": lambda f: f.width(),
    "height": lambda f: f.height(),
    "w": lambda f: f.width(),
    "h": lambda f: f.height(),
    "x": lambda f: f.x(),
    "y": lambda f: f.y(),
    "r": lambda f: f.r(),
    "t": lambda f: f.t(),
    "pixel_aspect": lambda f: f.pixelAspect(),
}
_OF_PICTURES = {"width", "height", "format", "bbox", "pixel_aspect"}
_MOST_DEEP = 60


@dataclass(frozen=True)
class Context:
    """Where a value is asked for: a frame, a view, and the scale of proxy mode (1 is full size)."""

    frame: float
    view: str = "main"
    scale: float = 1.0

    def at(self, frame: float) -> Context:
        """Give the same place at another frame."""
        return replace(self, frame=float(frame))


def number(knob: Any, part: Any, context: Context) -> float:
    """Evaluate a component's expression.

    Raises:
        ExpressionError: it cannot be read, names something unknown, or needs its own value.
    """
    world = session()
    if world.depth > _MOST_DEEP:
        raise CircleError(f"{knob.fullyQualifiedName()}: the expression {part.expression!r} needs itself")
    node = knob._node

    def name(dotted: str) -> float:
        if dotted in {"frame", "x", "t"}:
            return context.frame
        if dotted == "curve":
            return part.curve.evaluate(context.frame, part.constant) if part.curve is not None else part.constant
        return lookup(node, dotted, context)

    def call(dotted: str, arguments: list[Any]) -> float:
        if dotted == "curve":
            return part.curve.evaluate(arguments[0], part.constant) if part.curve is not None else part.constant
        return lookup(node, dotted, context.at(arguments[0]))

    world.depth += 1
    try:
        with world.inside(node), world.at_context(context):
            return float(Expression(world.tcl.subst(part.expression)).evaluate(name, call))
    finally:
        world.depth -= 1


def lookup(node: Any, dotted: str, context: Context) -> float:
    """Give the number that a name stands for, seen from a node."""
    if dotted in {"$gui", "gui"}:
        return float(session().gui)
    target, rest = find(node, dotted)
    if target is None:
        raise ExpressionError(f"{node.fullName()}: nothing is named {dotted!r}")
    with session().at_context(context):
        if hasattr(target, "_knobs"):
            return _of_node(target, rest, dotted)
        return _of_knob(target, rest, dotted)


def _of_knob(knob: Any, rest: list[str], dotted: str) -> float:
    if hasattr(knob, "_cell"):  # a table: row, column
        return knob._number_at(int(rest[0]) - 1, rest[1])
    if not rest:
        value = knob._evaluate(0) if hasattr(knob, "_components") else knob.value()
    elif hasattr(knob, "_format") and rest[0] in _FORMAT_PARTS:
        return float(_FORMAT_PARTS[rest[0]](knob.value()))
    elif rest[0] in knob._component_names():
        value = knob._evaluate(knob._component_names().index(rest[0]))
    elif rest[0].isdigit() and int(rest[0]) < len(knob._component_names()):
        value = knob._evaluate(int(rest[0]))
    else:
        raise ExpressionError(f"{knob.fullyQualifiedName()} has no part {rest[0]!r} (in {dotted!r})")
    return float(value)


def _of_node(node: Any, rest: list[str], dotted: str) -> float:
    if not rest:
        return 1.0
    if rest[0] in {"width", "height", "format"}:
        part = rest[1] if rest[0] == "format" and len(rest) > 1 else rest[0]
        if part in _FORMAT_PARTS:
            return float(_FORMAT_PARTS[part](node.format()))
    if rest[0] == "pixel_aspect":
        return float(node.pixelAspect())
    if rest[0] == "bbox" and len(rest) > 1:
        box = node._image().bbox
        return float({"x": box.x, "y": box.y, "r": box.r, "t": box.t, "w": box.w, "h": box.h}[rest[1]])
    if rest[0] in {"first_frame", "last_frame"}:
        return float(node.firstFrame() if rest[0] == "first_frame" else node.lastFrame())
    raise ExpressionError(f"{node.fullName()} has no {rest[0]!r} (in {dotted!r})")


def find(node: Any, dotted: str) -> tuple[Any, list[str]]:
    """Give the knob or node that a name leads to, and the words that are left; (None, words) where nothing is.

    Names are sought on the node itself, then (for a Group) among its children, then beside it, then outside.
    [R] how far up the real Nuke looks; `parent.` in front of a name is always right.
    """
    words = dotted.split(".")
    at: Any = None
    for place in _places(node):
        at = _step(place, words[0], own=place is node)
        if at is not None:
            break
    if at is None:
        return (_seen_by(node), words) if words[0] in _OF_PICTURES else (None, words)
    words = words[1:]
    while words and hasattr(at, "_knobs"):
        further = _step(at, words[0], own=True)
        if further is None:
            break
        at, words = further, words[1:]
    return at, words


def _seen_by(node: Any) -> Any:
    """Give the node whose picture a bare `width` means on a node's own knobs: what comes in [R]."""
    source = next((source for source in node._inputs if source is not None), None)
    if source is None and node.Class() == "Input" and node._parent._inputs:
        source = node._parent._inputs[0]
    return source or (node if not node._node_class.inputs and not hasattr(node, "_children") else session().root)


def _places(node: Any) -> list[Any]:
    places = [node]
    while node._parent is not None:
        node = node._parent
        places.append(node)
    return places


def _step(place: Any, word: str, *, own: bool) -> Any:
    if own:
        special = _special(place, word)
        if special is not None:
            return special
        if word in place._knobs:
            return place._knobs[word]
    return place._children.get(word) if hasattr(place, "_children") else None


def _special(node: Any, word: str) -> Any:
    if word == "this":
        return node
    if word == "parent":
        return node._parent
    if word == "root":
        return session().root
    match = re.fullmatch(r"input(\d*)", word)
    if match:
        index = int(match.group(1) or 0)
        return node._inputs[index] if index < len(node._inputs) else None
    return None


def text_of(node: Any, dotted: str) -> str:
    """Give what Tcl's `value` command gives: a knob's value as text.

    Raises:
        ExpressionError: nothing is named so.
    """
    from .curves import number as written

    target, rest = find(node, dotted)
    if target is not None and not rest and hasattr(target, "_string_value"):
        return target._string_value()
    context = session().context
    if re.fullmatch(r"[\w.$]+", dotted):
        return written(lookup(node, dotted, context))
    return written(
        float(Expression(dotted).evaluate(lambda n: context.frame if n == "frame" else lookup(node, n, context)))
    )


def exists(node: Any, dotted: str) -> bool:
    """Say whether a name leads to a knob or a node."""
    target, rest = find(node, dotted)
    return target is not None and (not rest or not hasattr(target, "_knobs"))
