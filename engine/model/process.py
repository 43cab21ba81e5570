"""How a process is set up before it loads torch: what C library and threads read from the environment, and Python."""

import gc
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
