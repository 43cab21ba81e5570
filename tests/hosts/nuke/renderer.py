"""Pulls pictures through the graph: only what is asked for, once for each place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import image_files, ops_colour, ops_expression, ops_filter, ops_merge, ops_place
from .current import session
from .image import Image, black

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from .scope import Context

_RGB = ("rgba.red", "rgba.green", "rgba.blue")

OPS: dict[str, Callable[[Pull], Image]] = {
    **ops_place.OPS,
    **ops_colour.OPS,
    **ops_expression.OPS,
    **ops_filter.OPS,
    **ops_merge.OPS,
    "Read": image_files.read,
}
_PASS = {"Dot", "NoOp", "Output", "Write", "Viewer", "Tracker4", "DeepWrite"}


class Pull:
    """A node at work at one frame, view and scale.

    Args:
        node: whose picture is asked for.
        context: where.
        renderer: asks other nodes.
    """

    def __init__(self, node: Any, context: Context, renderer: Renderer) -> None:
        self.node = node
        self.context = context
        self._renderer = renderer

    def input(self, index: int = 0, context: Context | None = None) -> Image:
        """The picture of an input; black in the script's format where nothing is connected."""
        source = self.node._inputs[index] if index < len(self.node._inputs) else None
        if source is None:
            return black(session().root["format"].value()._scaled(self.context.scale))
        return self._renderer.image(source, context or self.context)

    def has(self, index: int) -> bool:
        """Whether an input is connected."""
        return index < len(self.node._inputs) and self.node._inputs[index] is not None

    def value(self, knob: str, index: int | None = None) -> Any:
        """A knob's value, here: a number for one component, a word for an enumeration."""
        with session().at_context(self.context):
            if index is not None:
                return self.node._knobs[knob]._evaluate(index)
            return self.node._knobs[knob].value()

    def values(self, knob: str) -> list[float]:
        """All components of a knob, here."""
        return [self.value(knob, index) for index in range(len(self.node._knobs[knob]._components))]

    def channels(self, knob: str, image: Image) -> list[str]:
        """The channels of a picture that a channel knob means."""
        wanted = self.node._knobs[knob]._channels()
        return [name for name in image.channels if "all" in wanted or name in wanted]

    def fail(self, sentence: str) -> RuntimeError:
        """The error of this node."""
        return RuntimeError(f"{self.node.fullName()}: {sentence}")


class Renderer:
    """Keeps the pictures of one moment, so that a node with two readers computes once."""

    def __init__(self) -> None:
        self._memory: dict[tuple[int, Context], Image] = {}

    def image(self, node: Any, context: Context) -> Image:
        """Give a node's picture. Its pixels are computed when they are asked for.

        Raises:
            RuntimeError: the node's name and what is wrong with it.
        """
        key = (id(node), context)
        if key not in self._memory:
            with session().at_context(context):
                self._memory[key] = self._watched(node, context, self._make(node, context))
        return self._memory[key]

    def _make(self, node: Any, context: Context) -> Image:
        pull, kind = Pull(node, context, self), node.Class()
        if "disable" in node._knobs and node._knobs["disable"].value() and kind not in {"Read", "Constant"}:
            return (
                pull.input()
                if not hasattr(node, "_children") or node._inputs
                else black(session().root["format"].value())
            )
        if kind == "Input":
            return self._outside(node, context)
        if kind == "Assert":
            return self._checked(pull)
        if hasattr(node, "_children"):
            output = node.output()
            if output is None:
                raise pull.fail("has no Output node")
            return self.image(output, context)
        if kind in _PASS:
            return pull.input()
        if kind not in OPS:
            raise pull.fail(f"the stand-in for Nuke cannot compute nodes of class {kind}")
        return OPS[kind](pull)

    def _checked(self, pull: Pull) -> Image:
        """The picture as it is, or an error where the expression is not true.

        [V: https://learn.foundry.com/nuke/content/reference_guide/other_nodes/assert.html]

        [R] that the message is a knob of this name, is evaluated, and is what the error says.
        """
        if not pull.value("expression", 0):
            with session().at_context(pull.context):
                raise pull.fail(pull.node._knobs["message"]._evaluated() or "assertion failed")
        return pull.input()

    def _outside(self, node: Any, context: Context) -> Image:
        group = node._parent
        index = group._input_nodes().index(node)
        return Pull(group, context, self).input(index)

    def _watched(self, node: Any, context: Context, image: Image) -> Image:
        """Remember that a node computed pixels: what is not reached is not computed, and a test may look."""
        world, compute = session(), image.compute

        def counted(channel: str) -> np.ndarray:
            world.computed.append((node.fullName(), context.frame, channel))
            return compute(channel)

        return image.with_(compute=counted)
