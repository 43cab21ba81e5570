"""The MAM2 node for Nuke: a Group that an artist can open, and the Python that its knobs call.

Standard library and `nuke` only, in Python 3.9. One track, in the order in which it happens:

    buttons.py     a knob is pressed
    request.py     knobs and graph are read into one frozen `TrackRequest`      (knobs.py, prompts.py, upstream.py)
    tracking.py    plates are handed over while mattes come back                (plain.py, plates.py, results.py)
    node.py        the Read inside the Group is pointed at the mattes

`standing.py` alone knows how a node stands, `group.py` writes the Group's text, `gate.py` stands before renders,
`panel/` is the dockable window.
"""

import sys

if sys.version_info < (3, 9):  # noqa: UP036 - a script that was saved elsewhere may be opened there
    raise ImportError("this is Nuke 13.2 or older, and MAM2 needs Nuke 14 or later")

__version__ = "0.1.0"
