"""Keeping the store within its budget: choosing what goes, in a thread; taking it out of sight is the engine's."""

import os
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.service.store import Store


@dataclass(frozen=True)
class Surplus:
    """What is beyond the budget.

    Attributes:
        shots: those that should go, used longest ago first, each with `Store.used` of when it was chosen.
        bytes_left: beyond the budget even without them.
    """

    shots: tuple[tuple[str, int], ...]
    bytes_left: int


def surplus(store: Store, most_bytes: int, busy: AbstractSet[str]) -> Surplus:
    """Choose shots to go until the store is within its budget; never one that a job needs."""
    names = store.names()
    sizes = {name: size_of(store.root / "shots" / name) for name in names}
    beyond = sum(sizes.values()) - most_bytes
    chosen = []
    for used, name in sorted((store.used(name), name) for name in names if name not in busy):
        if beyond <= 0:
            break
        chosen.append((name, used))
        beyond -= sizes[name]
    return Surplus(tuple(chosen), max(0, beyond))


def size_of(folder: Path) -> int:
    """Give the bytes of all files below a folder; what disappears meanwhile does not count."""
    total = 0
    with suppress(OSError):
        for entry in os.scandir(folder):
            with suppress(OSError):
                total += size_of(Path(entry.path)) if entry.is_dir(follow_symlinks=False) else entry.stat().st_size
    return total
