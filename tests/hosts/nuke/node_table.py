"""The classes of nodes and the knobs that each is made with, read from `node_classes.txt`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import choice_knobs, layout_knobs, number_knobs, string_knobs, table_knob, tcl

if TYPE_CHECKING:
    from .knob_base import Knob

KINDS = {
    "double": number_knobs.Double_Knob,
    "int": number_knobs.Int_Knob,
    "bool": number_knobs.Boolean_Knob,
    "disable": number_knobs.Disable_Knob,
    "wh": number_knobs.WH_Knob,
    "xy": number_knobs.XY_Knob,
    "uv": number_knobs.UV_Knob,
    "bbox": number_knobs.BBox_Knob,
    "color": number_knobs.Color_Knob,
    "acolor": number_knobs.AColor_Knob,
    "chip": number_knobs.ColorChip_Knob,
    "string": string_knobs.String_Knob,
    "eval": string_knobs.EvalString_Knob,
    "text": string_knobs.Multiline_Eval_String_Knob,
    "file": string_knobs.File_Knob,
    "python": string_knobs.PythonKnob,
    "button": string_knobs.Script_Knob,
    "enum": choice_knobs.Enumeration_Knob,
    "open": choice_knobs.OpenEnumeration,
    "channel": choice_knobs.Channel_Knob,
    "mask": choice_knobs.ChannelMask_Knob,
    "format": choice_knobs.Format_Knob,
    "views": layout_knobs.ViewNames,
    "any": layout_knobs.AnyText,
    "table": table_knob.Table_Knob,
}


@dataclass(frozen=True)
class NodeClass:
    """What there is to know of a class of nodes.

    Args:
        name: as `Node.Class()` gives it.
        inputs: the most that can be connected, the mask left out.
        mask: whether one more input takes a mask.
        lines: its knobs, one a line.
        group: it holds nodes of its own.
        lenient: the stand-in knows some of the knobs; others are kept as text.
    """

    name: str
    inputs: int = 1
    mask: bool = False
    lines: tuple[str, ...] = ()
    group: bool = False
    lenient: bool = False

    def make_knobs(self) -> list[Knob]:
        """Make a fresh set of knobs."""
        return [knob_of(line) for line in self.lines]


def knob_of(line: str) -> Knob:
    """Make the knob that a line describes, at its default."""
    head, _, items = line.partition(" : ")
    kind, name, *default = head.split(" ", 2)
    factory = KINDS[kind]
    if kind in {"enum", "open"}:
        knob = factory(name, None, tcl.split(items))
    elif kind in {"bool", "disable"}:
        return factory(name, None, default == ["true"])
    else:
        knob = factory(name)
    if default:
        knob._read(tcl.split(default[0])[0] if kind in {"enum", "open"} else default[0])
        if hasattr(knob, "_components"):
            knob.setDefaultValue([part.constant for part in knob._components])
        elif hasattr(knob, "_default"):
            knob._default = knob._value
    return knob


def _sections() -> dict[str, list[str]]:
    """Read the file: name -> what stands behind it, then its lines."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (Path(__file__).parent / "node_classes.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name, _, rest = line[1:].partition("]")
            lines = sections[name] = [rest]
        elif line and not line.startswith("#"):
            lines.append(line)
    return sections


def _classes(sections: dict[str, list[str]]) -> dict[str, NodeClass]:
    made = {}
    for name, (head, *own) in sections.items():
        words, lines = head.split(), list(own)
        if not words:  # a part of others
            continue
        parts = [word[1:] for word in words if word.startswith("+")] + (["mask"] if "mask" in words else [])
        for part in (*parts, "common"):
            lines += sections[part][1:]
        if "always" not in words:
            lines.append("disable disable false")
        inputs = int(words[0].removeprefix("inputs="))
        made[name] = NodeClass(name, inputs, "mask" in words, tuple(lines), "group" in words, "lenient" in words)
    return made


def unknown_class(name: str) -> NodeClass:
    """Make a class of which only what all nodes have is known."""
    return NodeClass(name, 99, lines=(*_SECTIONS["common"][1:], "disable disable false"), lenient=True)


_SECTIONS = _sections()
CLASSES = _classes(_SECTIONS)
# Knobs that a Write has only once it knows what kind of file it writes [R].
FILE_TYPE_KNOBS = {name[5:]: lines[1:] for name, lines in _SECTIONS.items() if name.startswith("file.")}
