"""Baking: the mattes beside the script, in nodes that need neither this plug-in nor its cache."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import nuke

from .contract import OutputError, PlateError
from .host import Progress
from .paths import tcl_path
from .results import Result
from .waiting import Cancelled


def bake(node: Any, result: Optional[Result], progress: Progress) -> Path:
    """Copy a node's mattes beside the script, and make a Read and a Copy of them below the node.

    The node itself stays; the Copy takes its plate from where the node does, so it can take the node's place.

    Returns:
        The folder of the mattes.

    Raises:
        Cancelled: the bar's Cancel was pressed; nothing was changed.
        PlateError: there are no mattes.
        OutputError: the script has no folder yet, or the mattes cannot be copied.
    """
    if result is None or not any(result.frames.values()):
        raise PlateError("matte.none", "There are no mattes to bake.", "Track the shot first.")
    folder = _folder(node)
    try:
        _copy(result, folder, progress)
    except OSError as problem:
        raise OutputError(
            "output.unwritable",
            f"The mattes cannot be copied to {folder}: {problem.strerror or problem}.",
            "Make room there, or save the script to another folder.",
        ) from problem
    baked = Result(folder, result.frames, result.files, result.objects, result.scale)
    with nuke.Undo("MAM2: bake"):
        _build(node, baked)
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


def _build(node: Any, result: Result) -> None:
    x, y = int(node.xpos()), int(node.ypos())
    first, last = result.span
    group = node.parent() or nuke.root()
    with group:
        read = nuke.createNode("Read", f"file {{{tcl_path(result.pattern)}}}", inpanel=False)
        read.setInput(0, None) if read.maximumInputs() else None
        for knob, value in (
            *(("first", first), ("last", last), ("origfirst", first), ("origlast", last), ("origset", True)),
            *(("raw", True), ("before", "black"), ("after", "black"), ("on_error", "error")),
        ):
            read[knob].setValue(value)
        read.setName(f"{node.name()}_mattes")
        matte = read
        if result.scale != 1:
            matte = nuke.createNode("Reformat", f"type scale scale {result.scale}", inpanel=False)
            matte.setInput(0, read)
        for kind, knob, text in _finesse(node):
            above, matte = matte, nuke.createNode(kind, f"channels alpha {knob} {{{{{text}}}}}", inpanel=False)
            matte.setInput(0, above)
        copy = nuke.createNode("Copy", f"from0 {_chosen(node)} to0 {_to(node)}", inpanel=False)
        copy.setName(f"{node.name()}_baked")
        copy.setInput(0, node.input(0))
        copy.setInput(1, matte)
    read.setXYpos(x + 160, y - 60)
    copy.setXYpos(x + 160, y + 60)


def _finesse(node: Any) -> Iterator[tuple[str, str, str]]:
    """Give the finesse that is not at rest as it is on the current frame: class, knob and what the knob holds."""
    for kind, own, inner, rest in (
        ("Dilate", "shrink_grow", "size", 0),
        ("Blur", "blur", "size", 0),
        ("Gamma", "gamma", "value", 1),
    ):
        value = float(node[own].value())
        if value != rest:
            yield kind, inner, f"{value:g}*input.height/1080" if inner == "size" else f"{value:g}"


def _chosen(node: Any) -> str:
    return str(node.node("Pick")["from0"].value())


def _to(node: Any) -> str:
    return str(node.node("Result")["to0"].value())
