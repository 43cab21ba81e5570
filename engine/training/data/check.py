"""`mam2 train --check-data`: what each folder holds and what is wrong with it, in words."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.contract.errors import PlateError
from engine.training.data.discover import Found, discover
from engine.training.data.items import Item, Labels

LOOKED_AT = 48
"""Items that a quick check opens, spread evenly over the set."""
_SAID = 8


@dataclass(frozen=True)
class DataRow:
    """A line of the table.

    Attributes:
        set: the layout's name.
        split: as the publisher names it.
        items: clips or pictures.
        frames: labelled frames, of movies without annotations as their headers say.
        objects: objects that the opened items show, a mean over them.
        problems: sentences; those about the whole set stand in its first line.
    """

    set: str
    split: str
    items: int
    frames: int
    objects: float
    problems: tuple[str, ...]


def check(root: Path, name: str | None = None, *, thorough: bool = False) -> list[str]:
    """Say what is wrong with a data set's folder; an empty list where nothing is.

    Args:
        root: the folder.
        name: of its layout; None for the one that it looks like.
        thorough: open every item, and of every clip every frame; otherwise `LOOKED_AT` items, first and last frame.
    """
    try:
        found = discover(root, name)
    except PlateError as problem:
        return [str(problem)]
    return [*found.problems, *_opened(found, thorough=thorough)[0]]


def check_data(folders: Mapping[str, Path], *, thorough: bool = False) -> list[DataRow]:
    """Give the table of `mam2 train --check-data`: a line for each split of each set.

    Args:
        folders: name of a set and where it is.
        thorough: see `check`.
    """
    rows: list[DataRow] = []
    for name, root in folders.items():
        try:
            found = discover(root, name)
        except PlateError as problem:
            rows.append(DataRow(name, "", 0, 0, 0.0, (str(problem),)))
            continue
        damaged, objects = _opened(found, thorough=thorough)
        problems = _shortened([*found.problems, *damaged])
        for split, items in _by_split(found).items():
            seen = [objects[item] for item in items if item in objects]
            mean = sum(seen) / len(seen) if seen else 0.0
            rows.append(DataRow(name, split, len(items), sum(map(_frames, items)), mean, problems))
            problems = ()
    return rows


def _by_split(found: Found) -> dict[str, list[Item]]:
    splits: dict[str, list[Item]] = {}
    for item in found.items:
        splits.setdefault(item.split, []).append(item)
    return splits


def _frames(item: Item) -> int:
    try:
        return item.length()
    except PlateError:
        return 0


def _opened(found: Found, *, thorough: bool) -> tuple[list[str], dict[Item, int]]:
    """Read items; give what went wrong, and how many objects each shows."""
    count = len(found.items)
    places = np.arange(count) if thorough else np.unique(np.linspace(0, count - 1, LOOKED_AT).round().astype(int))
    problems: list[str] = []
    objects: dict[Item, int] = {}
    for place in places:
        item = found.items[place]
        try:
            length = item.length()
            if not length:
                problems.append(f"'{item.plates[0]}' has no frames.")
                continue
            for frame in range(length) if thorough else sorted({0, length - 1}):
                alpha = item.read([frame]).alpha_nthw
                seen = sum(bool(one.any()) for one in alpha)
                objects[item] = max(objects.get(item, 0), seen)
            if not objects[item] and item.kind is not Labels.NONE:
                problems.append(f"'{item.name}' shows no object where it was looked at.")
        except PlateError as problem:
            problems.append(problem.message)
    return problems, objects


def _shortened(problems: list[str]) -> tuple[str, ...]:
    """Keep the first few; a set that was copied in part has thousands of the same kind."""
    once = list(Counter(problems))
    more = len(once) - _SAID
    return (*once[:_SAID], f"and {more} more like these.") if more > 0 else tuple(once)
