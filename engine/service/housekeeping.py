"""Keeping the store within its budget."""

import os
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

from engine.contract.errors import ServiceError
from engine.service.store import Store


def make_room(store: Store, most_bytes: int, busy: AbstractSet[str]) -> list[str]:
    """Delete the shots used longest ago until the store is within its budget; never one that a job needs.

    Returns:
        The names of those that are gone.
    """
    sizes = {name: size_of(store.root / "shots" / name) for name in store.names()}
    total = sum(sizes.values())
    gone: list[str] = []
    for name in sorted(sizes, key=lambda name: _used(store, name)):
        if total <= most_bytes:
            break
        if name not in busy:
            with suppress(ServiceError):
                store.delete(name)
                gone.append(name)
                total -= sizes[name]
    return gone


def size_of(folder: Path) -> int:
    """Give the bytes of all files below a folder; what disappears meanwhile does not count."""
    total = 0
    with suppress(OSError):
        for entry in os.scandir(folder):
            with suppress(OSError):
                total += size_of(Path(entry.path)) if entry.is_dir(follow_symlinks=False) else entry.stat().st_size
    return total


def _used(store: Store, name: str) -> float:
    with suppress(OSError):
        return (store.root / "shots" / name / "shot.json").stat().st_mtime
    return 0.0
