"""The node's prompt knobs as the engine's objects."""

from collections.abc import Iterator
from typing import Any, Optional

from .contract import Box, Point, Prompt, PromptError, ShotObject
from .coordinates import Frame
from .knobs import BOX, NEGATIVE, slot
from .names import object_name
from .slots import used_slots


def read_objects(node: Any, frame: Frame, span: range, view: Optional[int] = None) -> tuple[ShotObject, ...]:
    """Read every prompt that counts, at the frames where it does.

    Args:
        node: the MAM2 node.
        frame: the plate's geometry.
        span: the shot's frames; animated prompts are sampled within it.
        view: number of the view, where a script has several; None: the current one.

    Returns:
        The objects in the order in which their first prompts stand in the panel.

    Raises:
        PromptError: a prompt that lies outside the plate, whose place cannot be read, or whose object has no good name.
    """
    every = max(1, int(node["sample_every"].value()))
    found: dict[str, list[Prompt]] = {}
    for number in used_slots(node):
        if node[slot(number, "on")].value():
            name = object_name(str(node[slot(number, "object")].value()))
            found.setdefault(name, []).extend(_read(node, number, frame, span, every, view))
    return tuple(ShotObject(name, tuple(prompts)) for name, prompts in found.items())


def sampled_frames(own: int, span: range, every: int) -> list[int]:
    """Give the frames on which an animated prompt is sampled: its own and every Nth around it, within the span."""
    return [frame for frame in span if (frame - own) % every == 0]


def _read(node: Any, number: int, frame: Frame, span: range, every: int, view: Optional[int]) -> Iterator[Prompt]:
    own, kind = int(node[slot(number, "frame")].value()), node[slot(number, "kind")].value()
    knob = node[slot(number, "box" if kind == BOX else "xy")]
    parts = range(4 if kind == BOX else 2)
    tracked = any(knob.isAnimated(index) or knob.hasExpression(index) for index in parts)
    for time in sampled_frames(own, span, every) if tracked else [own]:
        values = [_at(knob, time, index, view) for index in parts]
        if kind == BOX:
            x0, y0, x1, y1 = frame.box(*values)
            if x0 < x1 and y0 < y1:
                yield Box(time, x0, y0, x1, y1)
            elif not tracked:
                raise _outside(number, time)
        elif frame.holds(*values):
            yield Point(time, *frame.point(*values), positive=kind != NEGATIVE)
        elif not tracked:  # what is tracked may leave the plate; then it says nothing there
            raise _outside(number, time)


def _at(knob: Any, time: int, index: int, view: Optional[int]) -> float:
    """Read one number of a knob at any frame, keys and expressions included, without moving the playhead."""
    value = knob.valueAt(time, index) if view is None else knob.valueAt(time, index, view)
    if value is None:
        raise PromptError(
            "prompt.unreadable",
            f"The place of '{knob.name()}' cannot be read on frame {time}.",
            "Look at its expression: does the Tracker that it names still exist?",
        )
    return float(value)


def _outside(number: int, time: int) -> PromptError:
    return PromptError(
        "prompt.outside_plate",
        f"Prompt {number} lies outside the plate on frame {time}.",
        "Drag it into the plate, remove it, or set its frame to one where it is inside.",
    )
