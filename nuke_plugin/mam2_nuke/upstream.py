"""What lies upstream of an input, as two hashes: of the graph, and of the files that it reads.

The graph is its nodes' classes, their knobs that are not at their defaults (keys and expressions included), and how
they are connected, also through the inputs of the Groups that it stands in. No name, no place and no Dot is part of it,
so the hash is the same in another session, on another machine and wherever the script is saved. Of files only the names
count there. What they hold may differ from machine to machine by their dates alone, so it has a hash of its own.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import nuke

# What a node is called and looks like decides no pixel.
LOOKS = frozenset(
    """
    name autolabel bookmark cached dope_sheet gl_color hide_input icon indicators label lifetimeEnd lifetimeStart
    note_font note_font_color note_font_size onCreate onDestroy knobChanged updateUI postage_stamp help panel
    postage_stamp_frame process_mask selected tile_color useLifetime window xpos ypos localizationPolicy version
    origset origfirst origlast reload status cache_size rendering previewed view
    """.split()  # noqa: SIM905
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
    for one, lines in _described(node):
        graph.update("\n".join([*lines, ""]).encode("utf-8", "surrogatepass"))
        if one.Class() == "Read":
            for frame in frames[::step]:
                files.update(_stamp(one, frame).encode())
    return Upstream(graph.hexdigest()[:32], files.hexdigest()[:32])


def _described(start: Any) -> list[tuple[Any, list[str]]]:
    """Give every node above, each once, in an order that connections alone decide; a node is its place there."""
    numbers: dict[str, int] = {}
    found: list[tuple[Any, list[str]]] = []
    waiting = [_seen(start)]
    while waiting:
        node = waiting.pop()
        if node is None or node.fullName() in numbers:
            continue
        numbers[node.fullName()] = len(found)
        knobs, named = _knobs(node)
        above = [_seen(one) for one in _feeding(node)]
        found.append((node, [node.Class(), *knobs]))
        waiting += reversed([*above, *named])
    for node, lines in found:
        above = [_seen(one) for one in _feeding(node)]
        lines.append(" ".join("-" if one is None else str(numbers[one.fullName()]) for one in above))
    return found


def _seen(node: Any) -> Optional[Any]:
    """Give the node whose picture it is: Dots and Asserts pass it on, a Group's Input is what is connected outside."""
    while node is not None:
        if node.Class() in ("Dot", "Assert"):
            node = node.input(0)
        elif node.Class() == "Input" and node.parent() not in (None, nuke.root()):
            group = node.parent()
            inputs = sorted(
                (one for one in group.nodes() if one.Class() == "Input"), key=lambda one: one["number"].value()
            )
            node = group.input([one.fullName() for one in inputs].index(node.fullName()))
        else:
            return node
    return None


def _feeding(node: Any) -> list[Any]:
    if isinstance(node, nuke.Group):
        output = next((one for one in node.nodes() if one.Class() == "Output"), None)
        if output is not None:
            return [output]
    return [node.input(number) for number in range(node.inputs())]


def _knobs(node: Any) -> tuple[list[str], list[Any]]:
    """Give a node's knobs that are not at their defaults, and the nodes that their expressions name, in their order."""
    lines = []
    for name in node.writeKnobs(nuke.WRITE_NON_DEFAULT_ONLY).split():
        knob = node.knob(name)
        if knob is None or name in LOOKS:
            continue
        text = knob.toScript()
        if name in ("file", "proxy"):
            text = text.replace("\\", "/").rpartition("/")[2]
        lines.append(f"{name} {text}")
    text = "\n".join(sorted(lines))
    places = []
    for other in node.dependencies(nuke.EXPRESSIONS):
        match = re.search(rf"\b{re.escape(other.name())}\b", text)
        places.append((match.start() if match else len(text), other))
    named = [other for _, other in sorted(places, key=lambda place: place[0])]
    for number, other in enumerate(named):
        text = re.sub(rf"\b{re.escape(other.name())}\b", f"<{number}>", text)
    return text.split("\n"), named


def frame_path(pattern: str, frame: int) -> Path:
    """Give the file of a frame, of a name with `####` or `%04d`; one without is the same on every frame."""
    return Path(re.sub(r"#+|%0?\d*d", lambda found: _number(found.group(), frame), pattern))


def _stamp(read: Any, frame: int) -> str:
    try:
        found = frame_path(nuke.filename(read) or "", frame).stat()
    except (OSError, ValueError):
        return "none"
    return f"{found.st_size} {found.st_mtime_ns}"


def _number(pattern: str, frame: int) -> str:
    return str(frame).zfill(len(pattern)) if pattern.startswith("#") else pattern % frame
