"""What tests use: `nuke_session`, a running Nuke with a user interface, and `start_nuke` for any other."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from . import tcl
from .session import NukeSession


@pytest.fixture
def start_nuke():
    """Start a Nuke: `start_nuke(gui=False, version="16.0v5", paths=[folder])`. It ends with the test.

    The test fails if something called Nuke from a wrong thread, or left a traceback in the terminal.
    """
    if not tcl.there_is_tcl():
        pytest.skip(tcl.MISSING)
    with ExitStack() as stack:
        started = []

        def start(**options):
            started.append(stack.enter_context(NukeSession(**options)))
            return started[-1]

        yield start
        troubles = [trouble for session in started for trouble in (*session.violations, *session.tracebacks)]
    if troubles:
        pytest.fail("Nuke ended with trouble:\n" + "\n".join(troubles), pytrace=False)


@pytest.fixture
def nuke_session(start_nuke):
    """A Nuke 15.1 with a user interface and an empty script."""
    return start_nuke()
