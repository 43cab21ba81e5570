"""Baking: the mattes beside the script, in nodes that need neither this plug-in nor its cache."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import nuke

from .contract import OutputError, PlateError
from .host import Progress
from .node import colour_channels, copy_channels, copy_colours, inner, point_range, result_of
from .paths import tcl_path
from .results import Result
from .standing import judge, look
from .waiting import Cancelled

_BESIDE = "[file dirname [value root.name]]"


def bake(node: Any, progress: Progress) -> Path:
    """Copy a node's mattes beside the script, and put a Read and Copies of them in the node's place.

    The node itself stays; what it fed is fed by the last Copy.

    Returns:
        The folder of the mattes.

    Raises:
        Cancelled: the bar's Cancel was pressed; nothing was changed.
        PlateError: there are no mattes, or they are not right and the node refuses those.
        OutputError: the script has no folder yet, or the mattes cannot be copied.
    """
    result, standing = result_of(node), judge(look(node))
    if result is None or not result.count:
        raise PlateError("matte.none", "There are no mattes to bake.", "Track the shot first.")
    if standing.wrong and node["stale"].value() == "refuse":
        raise PlateError("matte.stale", "Nothing was baked.", standing.sentence())
    folder = _folder(node)
    try:
        _copy(result, folder, progress)
    except OSError as problem:
        raise OutputError(
            "output.unwritable",
            f"The mattes cannot be copied to {folder}: {problem.strerror or problem}.",
            "Make room there, or save the script to another folder.",
        ) from problem
    with nuke.Undo("MAM2: bake"):
        _build(node, replace(result, folder=folder), standing.span)
    return folder


def _folder(node: Any) -> Path:
    script = str(nuke.root()["name"].value())
    if not script:
        raise OutputError("output.no_script", "The script has no folder yet.", "Save it first, then bake.")
    base = Path(script).parent / "mattes" / str(node.fullName()).replace(".", "_")
    number = 1
    while (base / f"v{number:04d}").exists():
        number += 1
    return base / f"v{number:04d}"


def _copy(result: Result, folder: Path, progress: Progress) -> None:
    """Copy into a folder that appears when all of it is there; a copy that fails leaves nothing."""
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(str(partial), ignore_errors=True)
    every = [(view, frame) for view, frames in result.frames.items() for frame in frames]
    try:
        for done, (view, frame) in enumerate(every):
            (partial / view).mkdir(parents=True, exist_ok=True)
            _show(progress, done, len(every))
            source = result.path(view, frame)
            shutil.copyfile(str(source), str(partial / view / source.name))
        partial.rename(folder)
    except (OSError, Cancelled):
        shutil.rmtree(str(partial), ignore_errors=True)
        raise


def _show(progress: Progress, done: int, total: int) -> None:
    progress.show(f"{done} of {total} mattes", done, total)
    if progress.cancelled:
        raise Cancelled


def _build(node: Any, result: Result, span: range) -> None:
    script = Path(str(nuke.root()["name"].value())).parent
    pattern = _BESIDE + "/" + tcl_path(Path(result.pattern).relative_to(script))  # moves with the script
    x, y, made = int(node.xpos()) + 160, int(node.ypos()) - 60, []
    with node.parent() or nuke.root():
        read = nuke.nodes.Read(name=f"{node.name()}_mattes", before="black", after="black", on_error="error")
        read["file"].setValue(pattern)
        point_range(read, span[0], span[-1])
        made.append(read)
        if result.scale != 1:
            made.append(nuke.nodes.Reformat(inputs=made[-1:], type="scale", scale=str(result.scale)))
        made.append(nuke.nodes.Crop(inputs=made[-1:], reformat=False, crop=True))
        made[-1]["box"].fromScript("0 0 {input.width} {input.height}")
        whole = made[-1]
        for kind, knob, parts, own, expression in _finesse(node):
            made.append(getattr(nuke.nodes, kind)(inputs=made[-1:], channels="all"))
            made[-1][knob].fromScript(" ".join([own.toScript()] * parts))  # with its keys, which `curve` means
            for part in range(parts):
                made[-1][knob].setExpression(expression, part)
        matte = made[-1]
        alpha, to = inner(node, "Pick")["from0"].value(), inner(node, "Result")["to0"].value()
        first = nuke.nodes.Copy(name=f"{node.name()}_baked", from0=alpha, to0=to)
        first.setInput(0, node.input(0))
        first.setInput(1, matte)
        made.append(first)

        def after(source: Any) -> Callable[[Any, int], Any]:
            def following(copy: Any, _: int) -> Any:
                made.append(nuke.nodes.Copy(inputs=[copy, source]))
                return made[-1]

            return following

        last = copy_channels(first, after(matte), list(result.objects))
        last = copy_colours(last, after(whole), colour_channels(result.objects, result.layers))
    for number, one in enumerate(made):
        one.setXYpos(x, y + 40 * number)
    for reader in node.dependent(nuke.INPUTS | nuke.HIDDEN_INPUTS):
        for number in range(reader.inputs()):
            if reader.input(number) is not None and reader.input(number).fullName() == node.fullName():
                reader.setInput(number, last)


def _finesse(node: Any) -> Iterator[tuple[str, str, int, Any, str]]:
    """Give the finesse that is not at rest: class, knob, its parts, the node's own knob, and the expression on it."""
    for kind, name, knob, parts, rest in (
        ("Dilate", "shrink_grow", "size", 2, 0),
        ("Blur", "blur", "size", 2, 0),
        ("Gamma", "gamma", "value", 4, 1),
    ):
        own = node[name]
        moves = own.isAnimated() or own.hasExpression()
        if moves or float(own.value()) != rest:
            value = (
                f"({own.animation(0).expression()})"
                if own.hasExpression()
                else "curve"
                if moves
                else f"{own.value():g}"
            )
            yield kind, knob, parts, own, f"{value}*input.height/1080" if knob == "size" else value
