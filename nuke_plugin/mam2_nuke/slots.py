"""Adding and removing prompts: a slot's knobs are filled and shown, or emptied and hidden."""

from typing import Any

import nuke

from .contract import PromptError
from .knobs import BOX, SLOTS, prompt_rows, slot
from .names import object_name
from .prompts import used_slots


def add_prompt(node: Any, kind: str) -> int:
    """Give the object of the moment a prompt on the current frame, in the middle of the plate; gives its number.

    Raises:
        PromptError: every slot is taken, or the object has no good name.
    """
    name = object_name(str(node["object"].value()))
    free = sorted(set(range(1, SLOTS + 1)) - set(used_slots(node)))
    if not free:
        raise PromptError(
            "prompt.full",
            f"A node holds {SLOTS} prompts, and all are in use.",
            "Remove one, link one to a Tracker and tick 'tracked', or put a second MAM2 node beside this one.",
        )
    number = free[0]
    found = (node.input(0) or nuke.root()).format()
    width, height = found.width(), found.height()
    with nuke.Undo("MAM2: add prompt"):
        node[slot(number, "kind")].setValue(kind)
        node[slot(number, "object")].setValue(name)
        node[slot(number, "frame")].setValue(int(nuke.frame()))
        node[slot(number, "tracked")].setValue(False)
        for index, value in enumerate((width / 2, height / 2)):
            node[slot(number, "xy")].setValue(value, index)
        for index, value in enumerate((width * 0.25, height * 0.25, width * 0.75, height * 0.75)):
            node[slot(number, "box")].setValue(value, index)
        node[slot(number, "on")].setValue(True)
        node[slot(number, "used")].setValue(True)
        show_slot(node, number)
    return number


def remove_prompt(node: Any, number: int) -> None:
    """Empty a slot."""
    with nuke.Undo("MAM2: remove prompt"):
        for part in ("xy", "box"):
            node[slot(number, part)].clearAnimated()
        for part in ("on", "used", "tracked"):
            node[slot(number, part)].setValue(False)
        show_slot(node, number)


def show_slot(node: Any, number: int) -> None:
    """Show the knobs that a slot needs at present, and no others."""
    used, boxed = bool(node[slot(number, "used")].value()), node[slot(number, "kind")].value() == BOX
    for knob in prompt_rows(number):
        part = knob.name.partition("_")[2]
        wanted = used and part not in ("used", "xy" if boxed else "box")
        node[knob.name].setVisible(wanted)


def number_of(knob_name: str) -> int:
    """Give the slot that a knob belongs to; 0 for any other knob."""
    head, _, _ = knob_name.partition("_")
    return int(head[1:]) if head[:1] == "p" and head[1:].isdigit() else 0
