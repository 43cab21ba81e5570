"""A MAM2 node: what is kept in its hidden knobs, and how its inside is pointed at mattes. Main thread only."""

import uuid
from pathlib import Path
from typing import Any, Callable, Optional

import nuke

from . import results
from .host import without_undo
from .knobs import ALL
from .paths import cache_root, tcl_path

_LAYERS = ("alpha", "trimap", "mask")


class NodeGone(Exception):  # noqa: N818 - it happens: artists delete nodes
    """The node was deleted, or its script closed."""


def is_ours(node: Any) -> bool:
    """Tell whether a node is a MAM2 node."""
    return node.Class() == "Group" and node.knob("mam2") is not None


def our_nodes() -> list[Any]:
    """Give every MAM2 node of the script, those inside other Groups too."""
    # From the root: what a Group's button runs is inside the Group, and would see no other node.
    return [node for node in nuke.allNodes("Group", nuke.root(), recurseGroups=True) if is_ours(node)]


def finder(node: Any) -> Callable[[], Any]:
    """Give a function that finds the node again, whatever it is called by then.

    Raises (when called):
        NodeGone: there is none with its identity any more.
    """
    uid = str(node["uid"].value())

    def find() -> Any:
        for one in our_nodes():
            if one["uid"].value() == uid:
                return one
        raise NodeGone

    return find


def ensure_identity(node: Any) -> None:
    """Give a node that has no identity, or another's, one of its own: a copy shares mattes until it is tracked."""
    uid = node["uid"].value()
    others = [one for one in our_nodes() if one.fullName() != node.fullName()]
    if not uid or any(one["uid"].value() == uid for one in others):
        with without_undo():
            node["uid"].setValue(uuid.uuid4().hex[:16])


def cache_folder(node: Any) -> Path:
    """Give the folder of this node's mattes: the knob's, `$MAM2_CACHE`, or the user's own cache."""
    return cache_root(str(node["cache_folder"].getEvaluatedValue() or "")) / str(node["uid"].value())


def result_of(node: Any) -> Optional[results.Result]:
    """Give the mattes that a node reads; None when it has none, or they are not on this machine."""
    path = str(node["result"].value())
    return results.load(path) if path else None


def show_mattes(node: Any, result: results.Result) -> None:
    """Point the node at mattes: one change of its Read, under a path that never held others."""
    _point(node.node("MatteRead"), result)
    node["matte_scale"].setValue(result.scale)
    node["result"].setValue(str(result.folder / results.FILE).replace("\\", "/"))
    node["has_matte"].setValue(1)
    node["previewed"].setValue(-1_000_000)
    show_layers(node, result)


def show_preview(node: Any, result: results.Result, frame: int) -> None:
    """Let one frame show a preview until the next track."""
    _point(node.node("PreviewRead"), result)
    node["preview_scale"].setValue(result.scale)
    node["previewed"].setValue(frame)
    show_layers(node, result)


def show_layers(node: Any, result: Optional[results.Result]) -> None:
    """Let the inside pick the channels of the object that the artist wants to see."""
    if result is None:
        return
    names = list(result.objects)
    for name in names:
        nuke.Layer(name, [f"{name}.{layer}" for layer in _LAYERS])
    menu = node["matte_of"]
    with without_undo():  # it follows from what was chosen and made: an undo of those is followed again
        if list(menu.values()) != [ALL, *names]:
            chosen = menu.value()
            menu.setValues([ALL, *names])
            menu.setValue(chosen if chosen in names else ALL)
        chosen = menu.value()
        shown = names[0] if chosen == ALL else chosen
        for pick, channel in (
            ("Pick", "rgba.alpha" if chosen == ALL else chosen + ".alpha"),
            ("PickTrimap", shown + ".trimap"),
            ("PickMask", shown + ".mask"),
        ):
            if node.node(pick)["from0"].value() != channel:
                node.node(pick)["from0"].setValue(channel)


def forget_mattes(node: Any) -> None:
    """Let the node read nothing: the plate passes as it is."""
    for name in ("MatteRead", "PreviewRead"):
        node.node(name)["file"].setValue("")
    for knob, value in (("result", ""), ("has_matte", 0), ("previewed", -1_000_000)):
        node[knob].setValue(value)


def _point(read: Any, result: results.Result) -> None:
    first, last = result.span
    read["file"].setValue(tcl_path(result.pattern))
    for knob, value in (("first", first), ("last", last), ("origfirst", first), ("origlast", last), ("origset", True)):
        read[knob].setValue(value)
    read["raw"].setValue(True)
    read["reload"].execute()
