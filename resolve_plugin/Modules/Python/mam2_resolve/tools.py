"""MAM2 tools in a composition, as a comp script sees them."""

from typing import Any

from .contract import module

REG_ID = "Fuse.MAM2"


def selected(comp: Any) -> list[Any]:
    """Give the MAM2 tools that are selected, or all there are when none is.

    Raises:
        EngineError: `fusion.no_tool`.
    """
    tools = comp.GetToolList(True, REG_ID) or comp.GetToolList(False, REG_ID)
    if not tools:
        raise module("errors").EngineError(
            "fusion.no_tool", "There is no MAM2 tool in this comp.", "Add one: Effects Library, Tools, Fuses, Matte."
        )
    return [tools[key] for key in sorted(tools)]


def name_of(tool: Any) -> str:
    """Give a tool's name."""
    return str(tool.GetAttrs()["TOOLS_Name"])


def frames_of(comp: Any, tool: Any) -> tuple[int, int]:
    """Give the range that a tool tracks: first and last frame."""
    if tool.GetInput("Range") == 1:
        return int(tool.GetInput("FirstFrame")), int(tool.GetInput("LastFrame"))
    attributes = comp.GetAttrs()
    return int(attributes["COMPN_RenderStart"]), int(attributes["COMPN_RenderEnd"])
