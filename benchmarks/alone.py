"""A measurement in a process of its own, as `mam2` is one: memory is its alone, and managed as there."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import ParamSpec, TypeVar

import torch

from engine.model.ready.memory import prepared

P = ParamSpec("P")
R = TypeVar("R")


def apart(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do something in a fresh process that manages memory as `mam2` does, on as many threads as here.

    It ends with this one, however that ends.
    """
    os.environ.update(prepared(os.environ))
    context, threads = get_context("spawn"), torch.get_num_threads()
    with ProcessPoolExecutor(1, context, initializer=_begin, initargs=(threads,)) as process:
        return process.submit(work, *args, **kwargs).result()


def _begin(threads: int) -> None:
    torch.set_num_threads(threads)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)
