"""An engine that only the benchmark knows: started for it, told to end behind it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from engine.contract.client import EngineClient
from engine.contract.launch import find_or_start

SERVE = [sys.executable, "-m", "engine", "serve"]


@contextmanager
def own_engine(folder: Path, **variables: str) -> Iterator[tuple[EngineClient, psutil.Process]]:
    """Give a client of a new engine, and its process; afterwards it has ended.

    Args:
        folder: gets `run` and `store`; its path is short, as a socket's must be.
        variables: of the environment, for the engine and for whatever is started beside it.
    """
    os.environ.update(MAM2_RUNTIME=str(folder / "run"), MAM2_STORE=str(folder / "store"), **variables)
    with find_or_start(SERVE) as client:
        process = psutil.Process(client.status()["pid"])
        try:
            yield client, process
        finally:
            process.terminate()
            psutil.wait_procs([process], timeout=20)
