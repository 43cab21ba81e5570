"""Adding, moving and removing prompts: a row's knobs are made, filled and shown, or emptied and hidden."""

from typing import Any, Optional

import nuke

from .group import press_text
from .knobs import BOX, NEGATIVE, Knob, prompt_row, slot
from .names import object_name

_sampled: list[tuple[float, ...]] = []  # what the viewer sampled when it last placed a prompt


def used_slots(node: Any) -> list[int]:
    """Give the numbers of the rows that hold a prompt."""
    return [number for number in _rows(node) if node[slot(number, "used")].value()]


def add_prompt(node: Any, kind: str) -> int:
    """Give the object of the moment a prompt on the current frame, where the artist points; gives its number.

    Raises:
        PromptError: the object has no good name.
    """
    name = object_name(str(node["object"].value()))
    rows, used = _rows(node), used_slots(node)
    number = next((one for one in rows if one not in used), len(rows) + 1)
    found = (node.input(0) or nuke.root()).format()
    x, y, r, t = sampled(found.width(), found.height(), found.pixelAspect()) or _middle(found)
    box = (x, y, r, t) if min(r - x, t - y) > 2 else _middle(found)  # a pixel is no region
    with nuke.Undo("MAM2: add prompt"):
        if number not in rows:
            for knob in prompt_row(number):
                _make(node, knob)
        for part, value in (("kind", kind), ("object", name), ("frame", int(nuke.frame())), ("on", True)):
            node[slot(number, part)].setValue(value)
        for part, place in (("xy", ((x + r) / 2, (y + t) / 2)), ("box", box)):
            for index, side in enumerate(place):
                node[slot(number, part)].setValue(side, index)
        node[slot(number, "used")].setValue(True)
        show_slot(node, number)
    return number


def remove_prompt(node: Any, number: int) -> None:
    """Empty a row. Its knobs stay, hidden: one of them is the button that was pressed."""
    with nuke.Undo("MAM2: remove prompt"):
        for part in ("xy", "box"):
            node[slot(number, part)].clearAnimated()
        for part in ("on", "used"):
            node[slot(number, part)].setValue(False)
        show_slot(node, number)


def show_slots(node: Any) -> None:
    """Show what every row needs at present."""
    for number in _rows(node):
        show_slot(node, number)


def show_slot(node: Any, number: int) -> None:
    """Show the knobs that a row needs at present, and no others; its handle bears number, sign and object."""
    used, kind = bool(node[slot(number, "used")].value()), node[slot(number, "kind")].value()
    for knob in prompt_row(number):
        part = knob.name.partition("_")[2]
        wanted = used and part != ("xy" if kind == BOX else "box")
        if part != "used" and node[knob.name].visible() != wanted:
            node[knob.name].setVisible(wanted)
    label = "{}{} {}".format({BOX: "", NEGATIVE: "-"}.get(kind, "+"), number, node[slot(number, "object")].value())
    for part in ("xy", "box"):
        if node[slot(number, part)].label() != label:
            node[slot(number, part)].setLabel(label)


def prompted_frames(node: Any, name: Optional[str] = None) -> dict[int, list[int]]:
    """Give the frames that have a prompt, each with its rows; of one object, or of all."""
    found: dict[int, list[int]] = {}
    for number in used_slots(node):
        if name is None or node[slot(number, "object")].value() == name:
            found.setdefault(int(node[slot(number, "frame")].value()), []).append(number)
    return dict(sorted(found.items()))


def move_prompts(node: Any) -> None:
    """Bring an object's prompts of its nearest prompted frame, all of them together, to the current frame."""
    now, frames = int(nuke.frame()), prompted_frames(node, str(node["object"].value()))
    if frames:
        with nuke.Undo("MAM2: move prompts"):
            for number in frames[min(frames, key=lambda frame: abs(frame - now))]:
                node[slot(number, "frame")].setValue(now)


def sampled(width: int, height: int, aspect: float) -> Optional[tuple[float, float, float, float]]:
    """Give what the viewer samples as left, bottom, right, top in pixels; None: nothing new, or outside the plate.

    The Viewer's `colour_sample_bbox` counts from the format's middle, in halves of its width, of square pixels.
    """
    viewer = nuke.activeViewer() if nuke.GUI else None
    knob = viewer.node().knob("colour_sample_bbox") if viewer is not None else None
    if knob is None:
        return None
    values = tuple(float(value) for value in knob.value())
    if _sampled == [values]:
        return None  # it has placed a prompt already
    _sampled[:] = [values]
    xs = sorted(width * (0.5 + 0.5 * values[index]) for index in (0, 2))
    ys = sorted(height * 0.5 + 0.5 * width * aspect * values[index] for index in (1, 3))
    inside = xs[0] >= 0 and xs[1] <= width and ys[0] >= 0 and ys[1] <= height
    return (xs[0], ys[0], xs[1], ys[1]) if inside and any(values) else None


def _middle(found: Any) -> tuple[float, float, float, float]:
    width, height = found.width(), found.height()
    return width * 0.25, height * 0.25, width * 0.75, height * 0.75


def _rows(node: Any) -> list[int]:
    rows: list[int] = []
    while node.knob(slot(len(rows) + 1, "used")) is not None:
        rows.append(len(rows) + 1)
    return rows


def _make(node: Any, row: Knob) -> None:
    """Add a row's knob below all others, hidden."""
    knob: Any
    if row.kind == "choice":
        knob = nuke.Enumeration_Knob(row.name, row.label, list(row.menu))
    elif row.kind == "button":
        knob = nuke.PyScript_Knob(row.name, row.label, press_text(row.default))
    else:
        classes = {"switch": "Boolean", "string": "String", "int": "Int", "xy": "XY", "box": "BBox"}
        knob = getattr(nuke, classes[row.kind] + "_Knob")(row.name, row.label)
    knob.setTooltip(row.tip)
    (knob.setFlag if row.line else knob.clearFlag)(nuke.STARTLINE)
    if row.use == "state":
        knob.setFlag(nuke.INVISIBLE)
    else:
        knob.setVisible(False)
    node.addKnob(knob)
