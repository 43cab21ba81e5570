"""The engine's store: settings, permissions, room."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from engine.doctor.facts import FAULT, OK, WARNING, Finding, Machine
from engine.service.settings import ServiceSettings

_GB = 1e9


def check_store(machine: Machine) -> Iterator[Finding]:
    """Say whether plates and mattes can be kept, and how much of them."""
    del machine
    try:
        settings = ServiceSettings()
    except ValidationError as problem:
        for one in problem.errors():
            name = "MAM2_" + "_".join(map(str, one["loc"])).upper()
            yield Finding(
                "settings", FAULT, f"{name} is set to what it cannot be: {one['msg']}.", f"Correct or unset {name}."
            )
        return
    store = settings.store.expanduser()
    there = _nearest(store)
    refusal = _refusal(there)
    if refusal:
        yield Finding(
            "store",
            FAULT,
            f"The store '{store}' cannot be written: {refusal}.",
            "Correct its permissions, or set MAM2_STORE to another folder.",
        )
        return
    used, free = _size(store), shutil.disk_usage(there).free
    says = (
        f"'{store}' holds {used / _GB:.1f} of at most {settings.store_bytes / _GB:.0f} GB; {free / _GB:.1f} GB are free"
    )
    if used + free < settings.store_bytes:
        yield Finding(
            "store",
            WARNING,
            f"{says}: the disk would be full before the store is.",
            f"Make room, set MAM2_STORE to a larger disk, or MAM2_STORE_BYTES to less than {used + free}.",
        )
    else:
        yield Finding("store", OK, says)


def _nearest(folder: Path) -> Path:
    """Give the folder, or what of the way to it is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def _refusal(folder: Path) -> str:
    """Say why nothing can be written; empty when something can."""
    if not folder.is_dir():
        return "a file is in its place"
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0")
    except OSError as problem:
        return str(problem.strerror or problem)
    return ""


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if path.is_file():
                total += path.stat().st_size
    return total
