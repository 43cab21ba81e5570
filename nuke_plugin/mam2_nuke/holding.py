"""The core and garbage inputs: what is surely in and surely out, a mask a frame, as files that the engine reads."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Optional

from .contract import HeldMask, PromptError, ShotObject
from .upstream import Upstream, upstream_of

INPUTS = {"core": 2, "garbage": 3}
"""The numbers of the node's inputs, by the kind of mask."""


@dataclass(frozen=True)
class HeldInput:
    """An input that is connected.

    Attributes:
        kind: a key of `INPUTS`.
        thing: the object that is held to it; empty: every object.
        above: what lies upstream of it.
    """

    kind: str
    thing: str
    above: Upstream


def read_held(
    node: Any, objects: Iterable[ShotObject], span: range, before: Optional[tuple[HeldInput, ...]]
) -> tuple[HeldInput, ...]:
    """Read which of the inputs are connected, and whose they are.

    Args:
        node: the MAM2 node.
        objects: what is tracked.
        span: the frames of its range.
        before: an earlier reading whose graph still holds.

    Raises:
        PromptError: `prompt.held`, where no prompt says what that object is.
    """
    connected = {kind: node.input(number) for kind, number in INPUTS.items() if node.input(number) is not None}
    thing = str(node["held_object"].value()).strip()
    if connected and thing and all(one.name != thing for one in objects):
        raise PromptError(
            "prompt.held",
            f"The {' and '.join(connected)} input is of '{thing}', but no prompt says what that is.",
            "Name an object that has a prompt, or leave the name out: all are held to it then.",
        )
    known = {one.kind: one.above for one in before or ()}
    return tuple(HeldInput(kind, thing, known.get(kind) or upstream_of(one, span)) for kind, one in connected.items())


def with_held(
    objects: tuple[ShotObject, ...], held: tuple[HeldInput, ...], paths: dict[str, str], span: range
) -> tuple[ShotObject, ...]:
    """Give the objects held to the inputs.

    Args:
        objects: what is tracked.
        held: the inputs.
        paths: by kind, `name.%04d.exr`.
        span: the frames that they are rendered on.
    """

    def own(thing: ShotObject) -> ShotObject:
        masks = tuple(
            HeldMask(one.kind, paths[one.kind], span[0], span[-1]) for one in held if one.thing in ("", thing.name)
        )
        return replace(thing, held=masks)

    return tuple(own(thing) for thing in objects)
