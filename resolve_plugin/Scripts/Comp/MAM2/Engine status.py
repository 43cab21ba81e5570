"""Comp script: say how the MAM2 engine stands."""

import importlib
import sys
from pathlib import Path


def modules(host):
    """Give the folder of our Python modules; a host may run a script without telling it its own file."""
    own = globals().get("__file__")
    scripts = [Path(own).parents[2]] if own else [Path(one) for one in host.MapPath("Scripts:").split(";")]
    folders = [one.parent / "Modules" / "Python" for one in scripts]
    return str(next(one for one in folders if (one / "mam2_resolve").is_dir()))


sys.path.insert(0, modules(fusion))  # noqa: F821 - the host's
for line in importlib.import_module("mam2_resolve.status").lines():
    print(line)
