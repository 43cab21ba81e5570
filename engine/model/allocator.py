"""How the C library hands out memory for tensors on a processor."""

import ctypes
import sys

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


def _set(what: int, value: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt and mallopt(what, value))
