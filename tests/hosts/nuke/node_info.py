"""What Nuke can say of a node without showing it: format, range, what it depends on, what is wrong with it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from . import constants, scope
from .current import session
from .expressions import CircleError, Expression, ExpressionError

if TYPE_CHECKING:
    from .formats import Format
    from .scope import Context

# What a picture does not depend on.
_COSMETIC = {
    "name", "selected", "xpos", "ypos", "label", "hide_input", "bookmark", "tile_color", "gl_color", "note_font",
    "note_font_size", "note_font_color", "postage_stamp", "cached", "dope_sheet", "icon", "indicators", "help",
    "onCreate", "onDestroy", "knobChanged", "updateUI", "autolabel", "panel", "reload",
}  # fmt: skip


def format_of(node: Any) -> Format:
    """Give the format; the script's where the node has an error or no input."""
    try:
        return node._image().format
    except CircleError:
        raise
    except RuntimeError:
        with session().at_context(session().context):
            knob = node._knobs.get("format")
            return knob.value() if knob is not None else session().root["format"].value()


def problem(node: Any) -> str | None:
    """Give what keeps a node from giving a picture."""
    try:
        node._image()
    except RuntimeError as error:
        return str(error)
    return None


def frame_range(node: Any) -> tuple[int, int]:
    """Give the frames that a node has: a Read's own, else those of its inputs, else the script's."""
    root = session().root
    if node.Class() == "Read":
        return node["first"].value(), node["last"].value()
    shift = int(node["time_offset"].value()) if node.Class() == "TimeOffset" else 0
    inner = [node.output()] if hasattr(node, "_children") and node.output() is not None else []
    if node.Class() == "Input":
        outer = node._parent.input(node._parent._input_nodes().index(node))
        inner = [outer] if outer is not None else []
    sources = [source for source in (*node._inputs, *inner) if source is not None]
    if not sources:
        return root["first_frame"].value(), root["last_frame"].value()
    ranges = [frame_range(source) for source in sources]
    return min(first for first, _ in ranges) + shift, max(last for _, last in ranges) + shift


def dependencies(node: Any, what: int | None = None) -> list[Any]:
    """Give the nodes that a node needs, by inputs, by hidden inputs and by expressions."""
    what = constants.INPUTS | constants.HIDDEN_INPUTS | constants.EXPRESSIONS if what is None else what
    found: list[Any] = []
    hidden = node._knobs["hide_input"].value()
    if what & (constants.HIDDEN_INPUTS if hidden else constants.INPUTS):
        found += [source for source in node._inputs if source is not None]
    if what & constants.EXPRESSIONS:
        found += _by_expressions(node)
    return list(dict.fromkeys(found))


def _by_expressions(node: Any) -> list[Any]:
    found = []
    for knob in list(node._knobs.values()):
        for part in getattr(knob, "_components", ()):
            if part.expression is None:
                continue
            try:
                names = Expression(session().tcl_free(part.expression)).names()
            except ExpressionError:
                continue
            targets = (scope.find(node, name)[0] for name in names if name not in {"frame", "curve", "x", "t"})
            owners = (getattr(target, "_node", None) or target for target in targets if target is not None)
            found += [owner for owner in owners if hasattr(owner, "_knobs") and owner not in {node, session().root}]
    return found


def metadata(node: Any, key: str | None, time: float | None, view: str | None) -> Any:
    """Give a picture's metadata, or one value of it; None where there is no picture."""
    context = session().context if time is None else session().context.at(time)
    try:
        found = session().renderer().image(node, context).metadata
    except RuntimeError:
        return None
    if key is not None:
        return found.get(key)
    return dict(found) if found else None


def sample(node: Any, channel: str, x: float, y: float, dx: Any, dy: Any, frame: Any) -> float:
    """Give a pixel's value; with dx and dy the mean of a square around x, y. Whole numbers are pixel corners [D]."""
    from .image import Area

    context = session().context if frame is None else session().context.at(frame)
    image = session().renderer().image(node, context)
    names = session().layers.channels_of(channel)
    name = names[0] if names else channel
    width, height = max(1, int(dx or 1)), max(1, int(dy or 1))
    left, bottom = int(x // 1) - (width - 1) // 2, int(y // 1) - (height - 1) // 2
    return float(image.over(name, Area(left, bottom, left + width, bottom + height)).mean())


def op_hash(node: Any, context: Context) -> int:
    """Give a number that changes when something upstream changes the picture."""
    digest = hashlib.blake2b(digest_size=8)
    with session().at_context(context):
        _feed(digest, node, context)
    return int.from_bytes(digest.digest(), "big")


def _feed(digest: Any, node: Any, context: Context) -> None:
    digest.update(f"{node.Class()} {node._reload_count} {context.view} {context.scale}".encode())
    for name, knob in node._knobs.items():
        if name in _COSMETIC or knob._is_layout():
            continue
        digest.update(f"{name} {_here(knob)}".encode())
    if node.Class() == "Read":
        digest.update(node["file"].evaluate().encode() if node["file"].value() else b"")
    sources = list(node._inputs)
    if hasattr(node, "_children"):
        sources = [node.output()]
    elif node.Class() == "Input":
        sources = [node._parent.input(node._parent._input_nodes().index(node))]
    for source in sources:
        digest.update(b"-" if source is None else b"+")
        if source is not None:
            _feed(digest, source, context)


def _here(knob: Any) -> str:
    if not hasattr(knob, "_components"):
        return knob._text()
    try:
        return repr([knob._evaluate(i) for i in range(len(knob._components))])
    except RuntimeError as error:
        return str(error)
