"""Memory and waiting threads: what a process reads before it loads torch, and what becomes of freed tensors after.

C library, oneDNN and threads read their environment once; Python's look for cycles and the allocator are told later.
"""

import ctypes
import gc
import sys
from collections.abc import Mapping

_MEMORY = {"MALLOC_ARENA_MAX": "1"}
"""One store of freed memory for all threads of a process, with glibc.

By default it gives every thread another, and what one has freed another's next tensor cannot use.
"""

_PAGES = "glibc.malloc.hugetlb"
"""Memory in pages of 2 MiB where Linux gives them to who asks: a large tracker takes an eighth less time."""

_COMPILED = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256"}
"""Layers that oneDNN keeps compiled, each for one size of what it is given: by default four times as many.

An HD shot meets new sizes as its crops change, and what is compiled for them stays.
"""

_WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "3000"}
"""Threads of torch that wait for each other spin for a tenth of a millisecond or two, then sleep.

By default they spin for milliseconds, and keep one that has to share a processor with a busy host from coming to its
end; asleep at once, they take as long to wake as a small layer takes.
"""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of <malloc.h>
_KEPT = 512 << 20
_LARGEST, _LARGEST_SHARED = 128 << 20, 4 << 20


def prepared(environment: Mapping[str, str]) -> dict[str, str]:
    """Give an environment with ours added, for a process that loads these libraries; what is there already stays."""
    waiting = {} if "OMP_WAIT_POLICY" in environment else _WAITING
    said = environment.get("GLIBC_TUNABLES", "")
    tunables = said if _PAGES in said else ":".join(filter(None, [said, f"{_PAGES}=1"]))
    return {**_MEMORY, **_COMPILED, **waiting, **environment, "GLIBC_TUNABLES": tunables}


def collect_seldom() -> None:
    """Have Python look for cycles after ten thousand new objects, not seven hundred; for a program's first line.

    Importing torch and timm makes half a million that stay: looking at them a thousand times was a tenth of the start.
    """
    gc.set_threshold(10_000)


def keep_freed_memory(*, shared: bool = False) -> bool:
    """Have memory of freed tensors kept for the next ones, for the whole process; tells whether that can be.

    By default glibc gives every large block back to the system and has it cleared when it is asked for again: that is
    a tenth of a matte's time. Up to 512 MiB stay with the process; `prepared` has its threads share them.
    Blocks of 128 MiB and more, such as a float picture of 8192x4320, still go back: those that outlive temporaries as
    large would leave gaps between them.
    Elsewhere than on Linux with glibc nothing is done.

    Args:
        shared: threads take and free side by side: then blocks of 4 MiB and more go back after all. Kept, they would
            leave gaps that fit no other: four objects of an HD shot took 2.8 GiB after 60 frames, and ever more. It
            costs a larger model a fifth of its time; the starter's matter, which takes parts of a plate, little.
    """
    largest = _LARGEST_SHARED if shared else _LARGEST
    return _c_library("mallopt", _MMAP_THRESHOLD, largest) and _c_library("mallopt", _TRIM_THRESHOLD, _KEPT)


def give_back_freed_memory() -> None:
    """Give all freed memory back to the system, a device's too; the tensors that come next take some milliseconds more.

    What outlives a frame lies between what was freed, so that much of it is not at the end, where the C library would
    give it back by itself.
    """
    import torch  # noqa: PLC0415 - what stands above is for processes that have not loaded it yet

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    _c_library("malloc_trim", 0)


def _c_library(name: str, *arguments: int) -> bool:
    """Call a function of glibc's; tells whether it is there and did something."""
    function = getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
    return bool(function and function(*arguments))
