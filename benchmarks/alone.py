"""A measurement in a process of its own, whose memory is its alone."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

from engine.model.process import prepared

P = ParamSpec("P")
R = TypeVar("R")


def apart(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do something in a fresh process, in which memory and threads are managed as in `mam2`; give what it gave."""
    os.environ.update(prepared(os.environ))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(work, *args, **kwargs).result()
