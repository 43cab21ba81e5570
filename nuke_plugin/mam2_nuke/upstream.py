"""What lies upstream of an input, as two hashes: of the graph, and of the files that it reads.

The graph's hash covers every node's class, connections and knobs that are not at their defaults, keys and expressions
included; so it is the same in another session, on another machine and wherever the script is saved. Of files only the
names count there. What they hold may differ from machine to machine by their dates alone, so it has a hash of its own.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nuke

from .graph import walk

# Where a node stands and what it looks like decide no pixel.
_LOOKS = frozenset(
    [
        "autolabel",
        "bookmark",
        "cached",
        "dope_sheet",
        "gl_color",
        "hide_input",
        "icon",
        "indicators",
        "label",
        "lifetimeEnd",
        "lifetimeStart",
        "note_font",
        "note_font_color",
        "note_font_size",
        "onCreate",
        "onDestroy",
        "knobChanged",
        "updateUI",
        "postage_stamp",
        "postage_stamp_frame",
        "process_mask",
        "selected",
        "tile_color",
        "useLifetime",
        "window",
        "xpos",
        "ypos",
        "localizationPolicy",
        "version",
        "origset",
        "origfirst",
        "origlast",
        "reload",
    ]
)
_ROOT = ("colorManagement", "OCIO_config", "workingSpaceLUT", "int8Lut", "int16Lut", "logLut", "floatLut")
_MOST_FILES = 2000


@dataclass(frozen=True)
class Upstream:
    """What decides the pixels of an input.

    Attributes:
        graph: hash of nodes and knobs; empty when nothing is connected.
        files: hash of the sizes and dates of the files they read, as this machine sees them.
    """

    graph: str = ""
    files: str = ""


def upstream_of(node: Any, frames: Iterable[int]) -> Upstream:
    """Hash what lies upstream of a node, itself included.

    Args:
        node: the input's node; None: nothing is connected.
        frames: those whose files count.
    """
    if node is None:
        return Upstream()
    graph, files = hashlib.sha256(), hashlib.sha256()
    frames = list(frames)
    step = 1 + len(frames) // _MOST_FILES
    root = nuke.root()
    for name in _ROOT:
        knob = root.knob(name)
        graph.update((knob.toScript() if knob else "-").encode())
    for one in walk(node, _needed):
        graph.update("\n".join(_describe(one)).encode("utf-8", "surrogatepass"))
        if one.Class() == "Read":
            for frame in frames[::step]:
                files.update(_stamp(one, frame).encode())
    return Upstream(graph.hexdigest()[:32], files.hexdigest()[:32])


def _needed(node: Any) -> list[Any]:
    """Give the nodes that a node depends on, by its inputs and by expressions."""
    return sorted(node.dependencies(nuke.INPUTS | nuke.HIDDEN_INPUTS | nuke.EXPRESSIONS), key=_name, reverse=True)


def _describe(node: Any) -> list[str]:
    inputs = [node.input(number) for number in range(node.inputs())]
    lines = [node.Class(), *("-" if one is None else one.fullName() for one in inputs)]
    for name, knob in sorted(node.knobs().items()):
        if name not in _LOOKS and not name.startswith("_"):
            text = knob.toScript()
            if name in ("file", "proxy"):
                text = text.replace("\\", "/").rpartition("/")[2]
            lines.append(name + " " + text)
    if node.Class() == "Group":
        for inner in sorted(node.nodes(), key=_name):
            lines += _describe(inner)
    return lines


def _stamp(read: Any, frame: int) -> str:
    pattern = nuke.filename(read) or ""
    path = re.sub(r"#+|%0?\d*d", lambda found: _number(found.group(), frame), pattern)
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return "none"
    return f"{found.st_size} {found.st_mtime_ns}"


def _number(pattern: str, frame: int) -> str:
    return str(frame).zfill(len(pattern)) if pattern.startswith("#") else pattern % frame


def _name(node: Any) -> str:
    return str(node.fullName())
