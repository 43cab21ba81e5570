"""nuke.execute: Write nodes, frame by frame and view by view, with their callbacks."""

from __future__ import annotations

from typing import Any

from .current import session
from .frame_ranges import FrameRange, FrameRanges
from .image_writing import write
from .scope import Context


def execute(
    nameOrNode: Any,
    start: Any = None,
    end: Any = None,
    incr: Any = None,
    views: Any = None,
    continueOnError: bool = False,
) -> None:
    """Render one Write. Instead of start, end and step a FrameRanges may stand, with the views behind it."""
    if isinstance(start, (FrameRange, FrameRanges)):
        ranges = start
        views = end if end is not None else views
        frames = ranges.toFrameList() if isinstance(ranges, FrameRanges) else ranges._frames()
        _render([_node(nameOrNode)], frames, views, continueOnError)
        return
    node = _node(nameOrNode)
    root = session().root
    first = root.firstFrame() if start is None else int(start)
    last = (root.lastFrame() if start is None else first) if end is None else int(end)
    _render([node], list(range(first, last + 1, int(incr or 1))), views, continueOnError)


def executeMultiple(nodes: Any, ranges: Any = None, views: Any = None, continueOnError: bool = False) -> None:
    """Render several Writes; none given means all that are enabled, those inside Groups too [R]."""
    world = session()
    chosen = [_node(node) for node in nodes] or [
        node for node in world.every_node() if node.Class() in {"Write", "DeepWrite"} and not node["disable"].value()
    ]
    if isinstance(ranges, FrameRanges):
        frames = ranges.toFrameList()
    elif ranges:
        frames = [frame for part in ranges for frame in range(part[0], part[1] + 1, part[2] if len(part) > 2 else 1)]
    else:
        frames = list(range(world.root.firstFrame(), world.root.lastFrame() + 1))
    _render(sorted(chosen, key=lambda node: node["render_order"].value()), frames, views, continueOnError)


def _node(name_or_node: Any) -> Any:
    node = session().find_node(name_or_node) if isinstance(name_or_node, str) else name_or_node
    if node is None:
        raise RuntimeError(f"{name_or_node}: no such node")
    if node.Class() not in {"Write", "DeepWrite"}:
        raise RuntimeError(f"{node.fullName()}: {node.Class()} cannot be executed")
    if node["disable"].value():
        raise RuntimeError(f"{node.fullName()}: is disabled")  # [R] the words
    return node


def _render(nodes: list[Any], frames: list[int], views: Any, go_on: bool) -> None:
    world = session()
    if world.is_executing:
        raise RuntimeError("I'm already executing something else")
    world.is_executing, world.cancel_wanted = True, False
    if world.gui:  # a meter each time
        # [V: https://learn.foundry.com/nuke/developers/130/pythondevguide/_autosummary/nuke.render.html]
        world.meters += [node.fullName() for node in nodes]
    try:
        for node in nodes:
            world.callbacks.run("BeforeRender", node)
        errors = _frames(nodes, frames, views, go_on)
        for node in nodes:
            world.callbacks.run("AfterRender", node)
    finally:
        world.is_executing = False
    if errors:
        raise RuntimeError(errors[0])


def _frames(nodes: list[Any], frames: list[int], views: Any, go_on: bool) -> list[str]:
    world, errors = session(), []
    for frame in frames:
        for node in nodes:
            if node["use_limit"].value() and not node["first"].value() <= frame <= node["last"].value():
                continue
            world.pump_while_blocked()
            if world.cancel_wanted:
                raise RuntimeError("cancelled")
            try:
                _frame(node, frame, views)
            except RuntimeError as error:
                if not go_on:
                    raise
                errors.append(str(error))
    return errors


def _frame(node: Any, frame: int, views: Any) -> None:
    world = session()
    names = [views] if isinstance(views, str) else list(views or node["views"]._chosen())
    unknown = [name for name in names if name not in world.view_names()]
    if unknown:
        raise RuntimeError(f"{node.fullName()}: there is no view {unknown[0]}")
    if len(names) > 1 and "%V" not in node["file"].value() and "%v" not in node["file"].value():
        raise RuntimeError(f"{node.fullName()}: the stand-in for Nuke writes one view to a file; the name needs %V")
    with world.at_context(Context(float(frame), names[0], world.proxy_scale())):
        world.callbacks.run("BeforeFrameRender", node)
        for name in names:
            context = Context(float(frame), name, world.proxy_scale())
            with world.at_context(context):
                write(node, world.renderer().image(node, context), context)
        world.rendered.append((node.fullName(), frame))
        world.callbacks.run("AfterFrameRender", node)
        world.callbacks.run("RenderProgress", node)
