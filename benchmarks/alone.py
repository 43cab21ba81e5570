"""A measurement in a process of its own, as `mam2` is one: memory is its alone, and managed as there."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

import torch

from engine.model.process import prepared

P = ParamSpec("P")
R = TypeVar("R")


def apart(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do something in a fresh process that manages memory as `mam2` does, on as many threads as here."""
    os.environ.update(prepared(os.environ))
    context, threads = get_context("spawn"), torch.get_num_threads()
    with ProcessPoolExecutor(1, context, initializer=torch.set_num_threads, initargs=(threads,)) as process:
        return process.submit(work, *args, **kwargs).result()
