"""How freed memory of tensors is kept for the next ones, and when it goes back to the system."""

import ctypes
import gc
import sys
from collections.abc import Callable

import torch

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of <malloc.h>
_KEPT = 512 << 20
_LARGEST, _LARGEST_SHARED = 128 << 20, 4 << 20


def keep_freed_memory(*, shared: bool = False) -> bool:
    """Have memory of freed tensors kept for the next ones, for the whole process; tells whether that can be.

    By default glibc gives every large block back to the system and has it cleared when it is asked for again: that is
    a tenth of a matte's time. Up to 512 MiB stay with the process; `process.prepared` has its threads share them.
    Blocks of 128 MiB and more, such as a float picture of 8192x4320, still go back: those that outlive temporaries as
    large would leave gaps between them.
    Elsewhere than on Linux with glibc nothing is done.

    Args:
        shared: threads take and free side by side: then blocks of 4 MiB and more go back after all. Kept, they would
            leave gaps that fit no other: four objects of an HD shot took 2.8 GiB after 60 frames, and ever more. It
            costs a larger model a fifth of its time; the starter's matter, which takes parts of a plate, little.
    """
    return _set(_MMAP_THRESHOLD, _LARGEST_SHARED if shared else _LARGEST) and _set(_TRIM_THRESHOLD, _KEPT)


def give_back_freed_memory() -> None:
    """Give all freed memory back to the system, a device's too; the tensors that come next take some milliseconds more.

    What outlives a frame lies between what was freed, so that much of it is not at the end, where the C library would
    give it back by itself.
    """
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    trim = _of_the_c_library("malloc_trim")
    if trim:
        trim(0)


def _set(what: int, value: int) -> bool:
    mallopt = _of_the_c_library("mallopt")
    return bool(mallopt and mallopt(what, value))


def _of_the_c_library(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
