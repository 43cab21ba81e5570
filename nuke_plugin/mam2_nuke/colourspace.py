"""The plate's colour space, as the engine's OpenColorIO understands it."""

import os
from pathlib import Path
from typing import Any, Optional

import nuke

from .contract import ColourError
from .knobs import BY_NAME, FROM_SCRIPT
from .paths import project_path

_CONFIGS = ("plugins/OCIOConfigs/configs/{}/config.ocio", "plugins/OCIOConfigs/configs/{}.ocio")
# Names that a configuration gives a meaning of its own.
_ROLES = frozenset(
    """
    aces_interchange cie_xyz_d65_interchange color_picking color_timing compositing_linear compositing_log data
    default matte_paint reference rendering scene_linear texture_paint
    """.split()  # noqa: SIM905
)


def colourspace(node: Any) -> Optional[str]:
    """Give the engine's name of the plate's colours: `NAME`, or `NAME @ CONFIGURATION` with its path.

    Returns:
        None: scene-linear Rec.709, which is what half EXR means to the engine.

    Raises:
        ColourError: the working space is a role of a configuration that cannot be found.
    """
    chosen = str(node["colourspace"].value())
    if chosen == BY_NAME:
        name = str(node["colourspace_name"].value()).strip()
        return _in(name, _configuration()) if name else None
    if chosen != FROM_SCRIPT:
        return chosen
    root = nuke.root()
    if root["colorManagement"].value() != "OCIO":
        return None
    working, path = str(root["workingSpaceLUT"].value()) or "scene_linear", _configuration()
    if path is None and working in _ROLES:
        raise ColourError(
            "colour.role",
            f"The script's working space is the role '{working}' of a configuration that is not found "
            f"({root['OCIO_config'].value()}).",
            "Choose what the plate is under 'How to track'.",
        )
    return _in(working, path)


def _in(name: str, path: Optional[str]) -> str:
    return f"{name} @ {path}" if path else name


def _configuration() -> Optional[str]:
    """Give the path of the script's configuration: `$OCIO`, a custom one, or one that stands beside Nuke's program."""
    root = nuke.root()
    if os.environ.get("OCIO"):
        return os.environ["OCIO"]
    if root["colorManagement"].value() != "OCIO":
        return None
    custom: Any = root["customOCIOConfigPath"]
    named = str(root["OCIO_config"].value())
    if named == "custom":
        found = str(custom.evaluate() or "")
        return project_path(found).as_posix() if found and project_path(found).is_file() else None
    beside = Path(nuke.EXE_PATH).parent
    return next((str(beside / one.format(named)) for one in _CONFIGS if (beside / one.format(named)).is_file()), None)
