"""Baking: mattes as EXR files beside the project, and stock tools in the place of ours.

A baked comp renders anywhere, with neither the Fuse nor an engine, what the tool has shown.
"""

from pathlib import Path
from typing import Any, Callable

from . import finessed, tools
from .contract import module

# MatteControl: combine the foreground's alpha, by copying it.
COMBINE_ALPHA, COPY = 4, 0
# What the tool's Output offers.
PREMULTIPLIED, AS_RGB, OVERLAY = 1, 2, 3
BAKED_ONLY = 1


def bake_selected(comp: Any, say: Callable[[str], None]) -> None:
    """Write the mattes of the selected tools and wire Loaders in their place, as one step to undo.

    Args:
        comp: the composition; saved, so that there is a folder beside it.
        say: takes sentences for the artist.

    Raises:
        EngineError: there is no tool, a frame has no matte, a tool shows what cannot be baked, or the comp is not
            saved; nothing is changed then.
        OSError: a matte cannot be written.
    """
    chosen = tools.selected(comp)
    folder = _folder(comp)
    for tool in chosen:
        _check(tool)
    with module("launch").find_or_start() as engine:
        written = [_write(engine, comp, tool, folder) for tool in chosen]
    comp.StartUndo("Bake MAM2 to Loader")
    try:
        for tool, files in zip(chosen, written):
            _wire(comp, tool, files)
    finally:
        comp.EndUndo(True)
    for tool, files in zip(chosen, written):
        say(f"{tools.name_of(tool)}: {len(files)} mattes in {files[0].parent}")


def _folder(comp: Any) -> Path:
    file = comp.GetAttrs().get("COMPS_FileName")
    if not file:
        raise module("errors").OutputError(
            "fusion.unsaved", "The comp is not saved, so there is no folder beside it.", "Save the comp and bake again."
        )
    return Path(file).parent / "mam2_mattes"


def _check(tool: Any) -> None:
    """Refuse what stock tools would not show as ours does."""
    name = tools.name_of(tool)
    if _output(tool) == OVERLAY:
        raise module("errors").OutputError(
            "fusion.overlay", f"{name} shows an overlay, which is for looking.", "Choose another Output and bake again."
        )
    if int(tool.GetInput("MattesFrom") or 0) == BAKED_ONLY:
        raise module("errors").OutputError(
            "fusion.baked",
            f"{name} takes its mattes from a bake already.",
            "Set 'Mattes from' to the engine to bake its mattes.",
        )


def _write(engine: Any, comp: Any, tool: Any, folder: Path) -> list[Path]:
    name, shot = tools.name_of(tool), str(tool.GetInput("ShotID"))
    first, last = tools.frames_of(comp, tool)
    wanted = range(first, last + 1)
    missing = sorted(set(wanted) - set(engine.shot(shot)["mattes"]))
    if missing:
        raise module("errors").OutputError(
            "fusion.not_tracked",
            "{} has no matte that is right for frames {}.".format(name, module("frames").spell(missing)),
            "Track it, then bake again.",
        )
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    files = [own / f"{name}.{frame:04d}.exr" for frame in wanted]
    if _is_finessed(comp, tool):
        finessed.write(comp, tool, own / f"{name}.", first, last)
    else:
        for frame, path in zip(wanted, files):
            engine.get_matte(shot, frame, path)
    return files


def _is_finessed(comp: Any, tool: Any) -> bool:
    """Tell whether the files must hold what the tool makes of a matte; else the engine's own hold every object."""
    first, last = tools.frames_of(comp, tool)
    shows_one_as_rgb = _output(tool) == AS_RGB and int(tool.GetInput("ShowObject") or 0) > 0
    return shows_one_as_rgb or finessed.is_wanted(tool, first, last)


def _wire(comp: Any, tool: Any, files: list[Path]) -> None:
    """Put Loader and MatteControl in the tool's place; the tool itself stays, connected to nothing behind it."""
    name, output = tools.name_of(tool), _output(tool)
    first, last = tools.frames_of(comp, tool)
    readers = tool.FindMainOutput(1).GetConnectedInputs()
    source = tool.FindMainInput(1).GetConnectedOutput()
    # A new Loader asks for its file unless the comp is locked; what is set while it is locked does not reach a render.
    comp.Lock()
    try:
        loader = comp.AddTool("Loader", -32768, -32768)
        combine = comp.AddTool("MatteControl", -32768, -32768) if output != AS_RGB else None
        multiply = comp.AddTool("AlphaMultiply", -32768, -32768) if output == PREMULTIPLIED else None
    finally:
        comp.Unlock()
    loader.SetAttrs({"TOOLS_Name": name + "_Matte"})
    loader.SetInput("Clip", str(files[0]))
    loader.SetInput("GlobalIn", first)
    loader.SetInput("GlobalOut", last)
    number = int(tool.GetInput("ShowObject") or 0)
    if number and not _is_finessed(comp, tool):
        loader.SetInput("Clip1.OpenEXRFormat.AlphaName", f"object{number}.alpha")
    if combine is not None:
        combine.SetInput("MatteCombine", COMBINE_ALPHA)
        combine.SetInput("CombineOp", COPY)
        combine.ConnectInput("Background", source.GetTool())
        combine.ConnectInput("Foreground", loader)
    if multiply is not None:
        multiply.ConnectInput("Input", combine)
    last_tool = multiply or combine or loader
    for reader in readers.values():
        reader.ConnectTo(last_tool.FindMainOutput(1))


def _output(tool: Any) -> int:
    return int(tool.GetInput("Output") or 0)
