"""Frames done side by side: through a small network they go faster with a thread each than with several a layer."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import nn

from engine.model.ready.memory import keep_freed_memory

T = TypeVar("T")

_SMALL = 8_000_000
"""Parameters of the largest matter that is worth it: the starter's has 2 million, MEMatte-S 29 million."""
_PIXELS = 2048**2
"""Of the largest plate: frames at once must not take the memory that large ones need."""


def frames_at_once(matter: nn.Module, size_wh: tuple[int, int], most: int) -> int:
    """Give how many frames of this width and height to matte at once; 1: each on all threads, as on a GPU."""
    on_processor = all(parameter.device.type == "cpu" for parameter in matter.parameters())
    small = sum(parameter.numel() for parameter in matter.parameters()) < _SMALL
    if not (on_processor and small and size_wh[0] * size_wh[1] <= _PIXELS):
        return 1
    return min(torch.get_num_threads(), most)


def side_by_side(jobs: Iterator[Callable[[], T] | None], width: int) -> Iterator[T]:
    """Do jobs side by side, one thread each, and give what they give in the order of the jobs.

    What `jobs` does itself happens in the caller's thread. Where it raises, the results of the jobs before come first.

    Args:
        jobs: gives the jobs; None where there is nothing to do, so that results need not wait for the next job.
        width: how many at once; 1: each in the caller's thread, on all of its threads.
    """
    if width == 1:
        yield from (job() for job in jobs if job)
        return
    under_way: deque[Future[T] | None] = deque()
    problem = None
    left = max(1, torch.get_num_threads() - width)
    keep_freed_memory(shared=True)
    pool = ThreadPoolExecutor(width, "mam2-frames", initializer=use_threads, initargs=(1,))
    try:
        while True:
            try:
                with _threads(left):
                    job = next(jobs)
            except StopIteration:
                break
            except Exception as raised:  # noqa: BLE001 - raised below, once the results before it are out
                problem = raised
                break
            under_way.append(pool.submit(job) if job else None)
            if len(under_way) > width and (first := under_way.popleft()):
                yield first.result()
        yield from (future.result() for future in under_way if future)
    finally:
        pool.shutdown(cancel_futures=True)
        keep_freed_memory()
    if problem:
        raise problem


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def use_threads(count: int) -> None:
    """Have the thread that calls this compute on so many."""
    # A thread of its own takes over the process's number when it first needs one, and would do so after this.
    torch.get_num_threads()
    torch.set_num_threads(count)
