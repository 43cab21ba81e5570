"""Comp script: Bake the selected MAM2 tools to EXR mattes and Loaders; all of them when none is selected."""

import importlib
import sys
from pathlib import Path


def modules(host):
    """Give the folder of our Python modules; a host may run a script without telling it its own file."""
    own = globals().get("__file__")
    scripts = [Path(own).parents[2]] if own else [Path(one) for one in host.MapPath("Scripts:").split(";")]
    folders = [one.parent / "Modules" / "Python" for one in scripts]
    return str(next(one for one in folders if (one / "mam2_resolve").is_dir()))


def main(host, composition):
    """Do it, and say what was done or why not."""
    sys.path.insert(0, modules(host))
    contract = importlib.import_module("mam2_resolve.contract")
    try:
        importlib.import_module("mam2_resolve.bake").bake_selected(composition, print)
    except (contract.module("errors").EngineError, OSError) as problem:
        print(f"MAM2: {problem}")


main(fusion, comp)  # noqa: F821 - the host's
