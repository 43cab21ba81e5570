"""The contract between hosts and the engine, from wherever installation has put it.

Installation lays a copy of `engine/contract` into `vendor/mam2_contract` beside this package. In a checkout of the
repository the original is loaded under that same name, so neither `engine` nor `tests`, which are anybody's names,
comes onto Nuke's path.
"""

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Optional

NAME = "mam2_contract"
_PLUGIN = Path(__file__).resolve().parent.parent
_CHECKOUT = _PLUGIN.parent


def _load() -> None:
    if NAME in sys.modules:
        return
    for folder in (_PLUGIN / "vendor" / NAME, _CHECKOUT / "engine" / "contract"):
        start = folder / "__init__.py"
        if start.is_file():
            spec = importlib.util.spec_from_file_location(NAME, start, submodule_search_locations=[str(folder)])
            assert spec is not None  # noqa: S101 - a file with this suffix always has one
            assert spec.loader is not None  # noqa: S101
            sys.modules[NAME] = module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return
    raise ImportError("The part of MAM2 that talks to the engine is missing. Run 'python3 install hosts' again.")


def engine_command() -> Optional[list[str]]:
    """Give the command that starts the engine as installation noted it; None: `$MAM2_COMMAND`, or what is on the path.

    In a checkout it is the environment that `python3 install` made: `$MAM2_VENV`, or `.venv` there.
    """
    if os.environ.get("MAM2_COMMAND"):
        return None  # a TD has said what to start
    noted = _PLUGIN / "vendor" / "engine_command.json"
    if noted.is_file():
        return [str(word) for word in json.loads(noted.read_text(encoding="utf-8"))]
    chosen = os.environ.get("MAM2_VENV", "")
    environment = Path(chosen).expanduser().absolute() if chosen else _CHECKOUT / ".venv"
    program = environment / ("Scripts/mam2.exe" if sys.platform == "win32" else "bin/mam2")
    return [str(program), "serve"] if program.is_file() else None


_WHERE = {
    "client": "EngineClient",
    "connection": "runtime_folder",
    "errors": "ColourError EngineError OutputError PlateError PromptError ServiceError ShotError error_from_json",
    "events": "JobEvent",
    "files": "write_whole",
    "frames": "count spell",
    "held": "HeldMask",
    "launch": "LOG find find_or_start open_privately prepare",
    "plan": "plan_shot visits",
    "shot": "CORRECTIONS DIRECTIONS MODES Box MaskPrompt Point Prompt Settings Shot ShotObject",
    "shot_json": "prompt_to_json settings_to_json",
}
if TYPE_CHECKING:
    from engine.contract.client import *  # noqa: F403
    from engine.contract.connection import *  # noqa: F403
    from engine.contract.errors import *  # noqa: F403
    from engine.contract.events import *  # noqa: F403
    from engine.contract.files import *  # noqa: F403
    from engine.contract.frames import *  # noqa: F403
    from engine.contract.held import *  # noqa: F403
    from engine.contract.launch import *  # noqa: F403
    from engine.contract.plan import *  # noqa: F403
    from engine.contract.shot import *  # noqa: F403
    from engine.contract.shot_json import *  # noqa: F403
else:
    _load()
    for _module, _names in _WHERE.items():
        for _name in _names.split():
            globals()[_name] = getattr(importlib.import_module(f"{NAME}.{_module}"), _name)
