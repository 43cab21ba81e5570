"""A stand-in for Nuke, for tests: the module `nuke`, a graph that computes real pictures, scripts that are real Tcl.

What it promises:

- Every function, class, method, constant and key of `nuke.env` that it has, the real Nuke 15.0 has too, with
  arguments of the same names (`test_nuke_surface.py` holds it against a dump of the real module). What Nuke refuses,
  it refuses: unknown knobs, dead nodes, calls from other threads.
- Pictures are computed on demand, frame by frame, in float32, with Nuke's conventions: origin bottom-left, y up,
  whole numbers are pixel corners, a bbox apart from the format. Files are real files.
- Scripts are evaluated by a Tcl interpreter. What is saved reads back equal.
- A session is a world of its own: nothing of it is left in Python afterwards.

Where the behaviour of the real Nuke was neither documented nor seen in source, a comment says [R]: recalled, to be
confirmed. [V] is verified: the public page stands beside it. [D] is documented in Foundry's guide, [S] seen in the
source that the guide shows (https://learn.foundry.com/nuke/developers/160/pythondevguide: callbacks.html,
_autosummary/nuke.html, _modules).

What it leaves out: knobs with a value for each view, 3D, deep, roto shapes, tracking itself, filters other than the
simplest, OCIO transforms beyond curves, clones, precomps, the Viewer's picture, background renders. Nodes of classes
that it does not know keep their text and refuse to be computed.
"""

from .session import NukeSession

__all__ = ["NukeSession"]
