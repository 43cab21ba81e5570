"""The plug-in in a stand-in for Nuke, and real engines for it."""

import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent
# The plug-in's folder is on the host's path, as NUKE_PATH puts it there; the engine under test comes from its own tests.
for _folder in (_TESTS.parent / "nuke_plugin", _TESTS / "service"):
    sys.path.insert(0, str(_folder))
