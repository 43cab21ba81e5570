"""A MAM2 node: what is kept in its state knobs, and how its inside is pointed at mattes. Main thread only."""

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Callable, Optional

import nuke

from . import results
from .contract import ServiceError
from .host import without_undo
from .knobs import ALL, NO_FRAME
from .paths import cache_root, tcl_path

_LAYERS = ("alpha", "trimap", "mask")
_COLOURS = ("red", "green", "blue")
_A_COPY = 4  # channels that one Copy moves


class NodeGone(Exception):  # noqa: N818 - it happens: artists delete nodes
    """The node was deleted, or its script closed."""


def is_ours(node: Any) -> bool:
    """Tell whether a node is a MAM2 node."""
    return node is not None and node.Class() == "Group" and node.knob("mam2") is not None


def our_nodes() -> list[Any]:
    """Give every MAM2 node of the script, those inside other Groups too."""
    # From the root: what a Group's button runs is inside the Group, and would see no other node.
    return [node for node in nuke.allNodes("Group", nuke.root(), recurseGroups=True) if is_ours(node)]


def inner(node: Any, name: str) -> Any:
    """Give a node inside the Group.

    Raises:
        ServiceError: `node.inside`, where Nuke gives none: the Group was changed, or this is Nuke Indie.
    """
    found = node.node(name)
    if found is None:
        indie = nuke.env.get("indie") or nuke.env.get("nc")
        raise ServiceError(
            "node.inside",
            f"Nuke gives no node '{name}' inside {node.fullName()}.",
            "This edition of Nuke lets Python have ten nodes: open a script with fewer MAM2 nodes, or restart Nuke."
            if indie
            else "The Group was changed: make a new MAM2 node.",
        )
    return found


def find(uid: str) -> Any:
    """Find the node of an identity, whatever it is called by now.

    Raises:
        NodeGone: there is none any more.
    """
    for one in our_nodes():
        if one["uid"].value() == uid:
            return one
    raise NodeGone


def ensure_identity(node: Any) -> None:
    """Give a node that has no identity, or another's, one of its own: a copy shares mattes until it is tracked."""
    uid = node["uid"].value()
    others = [one for one in our_nodes() if one.fullName() != node.fullName()]
    if not uid or any(one["uid"].value() == uid for one in others):
        put(node, uid=uuid.uuid4().hex[:16])


def take_range(node: Any) -> None:
    """Let a node have the range of what it is connected to, or the script's."""
    found = (node.input(0) or nuke.root()).frameRange()
    node["first"].setValue(found.first())
    node["last"].setValue(found.last())


def put(node: Any, **values: Any) -> None:
    """Set knobs that follow from others, where they differ: nobody undoes those."""
    with without_undo():
        for name, value in values.items():
            if node[name].value() != value:
                node[name].setValue(value)


def cache_folder(node: Any) -> Path:
    """Give the folder of this node's mattes: the knob's, `$MAM2_CACHE`, or the user's own cache."""
    return cache_root(str(node["cache_folder"].getEvaluatedValue() or "")) / str(node["uid"].value())


def record_path(node: Any) -> str:
    """Give the record of the mattes that a node reads, where its Read finds them; empty: it has none.

    A farm maps paths by a filter of file names, which reaches what Nuke opens itself: it is asked for this one too.
    """
    path = str(node["result"].evaluate() or "")
    return str(nuke.filenameFilter(path) or path) if path else ""  # type: ignore[no-untyped-call]


def result_of(node: Any) -> Optional[results.Result]:
    """Give the mattes that a node reads; None when it has none, or they are not on this machine."""
    path = record_path(node)
    return results.load(path) if path else None


def show_mattes(node: Any, result: results.Result, span: range) -> None:
    """Point the node at mattes of a shot: one change of its Read, under a path that never held others."""
    _point(inner(node, "MatteRead"), result, span)
    node["matte_scale"].setValue(result.scale)
    node["result"].setValue(tcl_path(result.folder / results.FILE))
    node["has_matte"].setValue(1)
    node["previewed"].setValue(NO_FRAME)
    show_layers(node, result.objects, result.layers)


def show_preview(node: Any, result: results.Result, span: range, frame: int) -> None:
    """Let one frame show a preview, in the window and until the next track, save or render."""
    _point(inner(node, "PreviewRead"), result, span)
    node["preview_scale"].setValue(result.scale)
    node["previewed"].setValue(frame)
    show_layers(node, result.objects, result.layers)


def end_preview(node: Any) -> None:
    """Show the mattes, as a render does, and no preview or view."""
    put(node, previewed=NO_FRAME, view="alpha")


def show_layers(node: Any, names: Iterable[str], layers: Iterable[str] = ()) -> None:
    """Give the stream a layer for each object, and pick the channels of the one that the artist wants to see.

    Args:
        node: the MAM2 node.
        names: the objects'.
        layers: what the mattes' files hold besides: `fg`, `premult`.
    """
    names = list(names)
    if not names:
        return
    colours = _COLOURS if "fg" in layers else ()
    for name in names:
        nuke.Layer(name, [f"{name}.{layer}" for layer in (*colours, *_LAYERS)])
    menu = node["matte_of"]
    with without_undo():  # it follows from what was chosen and made: an undo of those is followed again
        if list(menu.values()) != [ALL, *names]:
            chosen = menu.value()
            menu.setValues([ALL, *names])
            menu.setValue(chosen if chosen in names else ALL)
        chosen = menu.value()
        shown = names[0] if chosen == ALL else chosen
        pick = inner(node, "Pick")
        _set(pick, "from0", "rgba.alpha" if chosen == ALL else chosen + ".alpha")
        _set(pick, "from1", shown + ".trimap")
        _set(pick, "from2", shown + ".mask")
        _copy_layers(node, names, colour_channels(names, layers))


def copy_channels(first: Any, following: Callable[[Any, int], Any], names: list[str]) -> Any:
    """Let Copies, the first of which moves the matte already, move every object's alpha; gives the last one.

    Args:
        first: a Copy.
        following: gives the Copy after another, by its number.
        names: the objects'.
    """
    copy, free = first, list(range(1, _A_COPY))
    for number, name in enumerate(names):
        if not free:
            copy, free = following(copy, (number + 1) // _A_COPY), list(range(_A_COPY))
        knob = free.pop(0)
        _set(copy, f"from{knob}", f"{name}.alpha")
        _set(copy, f"to{knob}", f"{name}.alpha")
    for knob in free:
        _set(copy, f"from{knob}", "none")
        _set(copy, f"to{knob}", "none")
    return copy


def colour_channels(names: Iterable[str], layers: Iterable[str]) -> list[str]:
    """Give the channels of colours that mattes hold: of every object, and those that take the plate's place."""
    found = [f"{name}.{colour}" for name in names for colour in _COLOURS] if "fg" in layers else []
    return found + ([f"rgba.{colour}" for colour in _COLOURS] if "premult" in layers else [])


def copy_colours(copy: Any, following: Callable[[Any, int], Any], channels: list[str]) -> Any:
    """Let Copies move colours, past all finesse; gives the last one. `following` as `copy_channels` takes it."""
    for start in range(0, len(channels), _A_COPY):
        copy = following(copy, 1 + start // _A_COPY)
        some = channels[start : start + _A_COPY]
        for knob, channel in enumerate(some + ["none"] * (_A_COPY - len(some))):
            _set(copy, f"from{knob}", channel)
            _set(copy, f"to{knob}", channel)
    return copy


def _copy_layers(node: Any, names: list[str], colours: list[str]) -> None:
    def after(kind: str, source: str) -> Callable[[Any, int], Any]:
        def following(copy: Any, number: int) -> Any:
            found = node.node(f"{kind}{number}")
            if found is None:
                with node:
                    found = nuke.nodes.Copy(name=f"{kind}{number}", inputs=[copy, inner(node, source)])
            elif found.input(0) is None or found.input(0).name() != copy.name():
                found.setInput(0, copy)
            return found

        return following

    last = copy_channels(inner(node, "Result"), after("Layers", "Fuller"), names)
    last = copy_colours(last, after("Colours", "MatteCrop"), colours)
    ready = inner(node, "Ready")
    if ready.input(1) is None or ready.input(1).name() != last.name():
        ready.setInput(1, last)


def _set(node: Any, knob: str, value: str) -> None:
    if node[knob].value() != value:
        node[knob].setValue(value)


def forget_mattes(node: Any) -> None:
    """Let the node read nothing: the plate passes as it is."""
    for name in ("MatteRead", "PreviewRead"):
        inner(node, name)["file"].setValue("")
    for knob, value in (("result", ""), ("has_matte", 0), ("previewed", NO_FRAME)):
        node[knob].setValue(value)


def _point(read: Any, result: results.Result, span: range) -> None:
    read["file"].setValue(tcl_path(result.pattern))
    point_range(read, span[0], span[-1])
    read["reload"].execute()


def point_range(read: Any, first: int, last: int) -> None:
    """Give a Read of mattes its frames; they are data, in no colour space."""
    for knob, value in (("first", first), ("last", last), ("origfirst", first), ("origlast", last), ("origset", True)):
        read[knob].setValue(value)
    read["raw"].setValue(True)
