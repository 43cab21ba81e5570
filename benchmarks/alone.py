"""A measurement in a process of its own, whose memory is its alone."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

AS_MAM2 = {"OMP_WAIT_POLICY": "PASSIVE", "MALLOC_ARENA_MAX": "1"}
"""What `mam2` sets before libraries are loaded, for a process that loads them before it can."""

P = ParamSpec("P")
R = TypeVar("R")


def apart(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do something in a fresh process, in which memory and threads are managed as in `mam2`; give what it gave."""
    os.environ |= AS_MAM2
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(work, *args, **kwargs).result()
