"""The program started anew, where what is read before any line of it runs has to be said first."""

import os
import sys

from engine.model.ready.memory import prepared

_RESTARTED = "MAM2_RESTARTED"
"""Says which process has been started anew, so that one whose environment is cleared on the way is not for ever."""


def restart_prepared() -> None:
    """Start this process anew, under its own number, where Linux's C library has read an environment without ours.

    It reads its part before any line of Python runs. Elsewhere, and the second time, the environment is only set.
    """
    here = prepared(os.environ)
    tried = os.environ.get(_RESTARTED) == str(os.getpid())
    if here != os.environ and not tried and sys.platform == "linux" and sys.executable:
        again = [sys.executable, *sys.orig_argv[1:]]
        os.execve(again[0], again, {**here, _RESTARTED: str(os.getpid())})  # noqa: S606 - the program that runs already
    os.environ.update(here)
