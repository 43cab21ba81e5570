"""`mam2 serve`: the engine that hosts share; and the program started anew where its memory has to be set up first."""

import logging
import os
import sys

import typer

from engine.model.ready.memory import prepared


def serve() -> None:
    """Run the engine for this user's hosts until nobody needs it; hosts start it by themselves.

    Settings are environment variables: MAM2_STORE, MAM2_STORE_BYTES, MAM2_PLATE_BYTES, MAM2_DEVICES, MAM2_MODEL_BYTES,
    MAM2_PLATE_TIMEOUT, MAM2_PREPARE, MAM2_WORKER_TIMEOUT, MAM2_IDLE_REST, MAM2_IDLE_EXIT, MAM2_RUNTIME.
    """
    from engine.service.serve import serve as run
    from engine.service.settings import ServiceSettings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    run(ServiceSettings())
    typer.echo("engine ended", err=True)


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
