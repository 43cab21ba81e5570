"""The engine's contract, under a name of its own: `engine` would be anybody's inside a host.

Installed, a copy of `engine/contract` stands beside this package as `mam2_contract`; in the repository the contract is
taken from where it lies.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

NAME = "mam2_contract"


def module(name: str) -> ModuleType:
    """Give a module of the contract, e.g. `launch`.

    Raises:
        ImportError: the installation is not whole.
    """
    if NAME not in sys.modules:
        _load(_folder())
    return importlib.import_module(f"{NAME}.{name}")


def _folder() -> Path:
    here = Path(__file__).resolve()
    installed = here.parents[1] / NAME
    return installed if installed.is_dir() else here.parents[4] / "engine" / "contract"


def _load(folder: Path) -> None:
    spec = importlib.util.spec_from_file_location(
        NAME, str(folder / "__init__.py"), submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not folder.is_dir():
        raise ImportError(f"MAM2's contract is not at {folder}: install MAM2 again.")
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)
