"""Making a node: the menu's command, and what a script calls."""

import os
import tempfile
from pathlib import Path
from typing import Any

import nuke

from .contract import ServiceError
from .group import group_text
from .node import ensure_identity, take_range
from .standing import refresh


def create() -> Any:
    """Make a MAM2 node below the selected node, with the range of what it is connected to; gives the node.

    Raises:
        ServiceError: `node.indie`, where an edition of Nuke gives Python no more nodes.
    """
    handle, path = tempfile.mkstemp(suffix=".nk", prefix="mam2")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(group_text())
        nuke.nodePaste(path.replace("\\", "/"))
    finally:
        Path(path).unlink()
    node = nuke.selectedNode()
    if node is None:
        raise ServiceError("node.indie", "Nuke gives Python no more nodes.", "This edition allows ten: restart Nuke.")
    ensure_identity(node)
    take_range(node)
    refresh(node)
    if nuke.GUI:
        node.showControlPanel()
    return node
