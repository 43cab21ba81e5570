"""`mam2 train --check-data`: what each folder holds and what is wrong with it, in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.contract.errors import PlateError
from engine.datasets.discover import Found, discover
from engine.datasets.items import Item, Labels

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
        frames: labelled frames; of movies those that were opened tell about the others.
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
    return [*found.problems, *_opened(found, thorough=thorough).problems]


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
        seen = _opened(found, thorough=thorough)
        problems = _shortened([*found.problems, *seen.problems])
        for split, items in _by_split(found).items():
            shown = [seen.objects[item] for item in items if item in seen.objects]
            objects = sum(shown) / len(shown) if shown else 0.0
            rows.append(DataRow(name, split, len(items), seen.frames(items), objects, problems))
            problems = ()
    return rows


@dataclass(frozen=True)
class _Seen:
    """What was seen of the items that were opened."""

    problems: list[str] = field(default_factory=list)
    objects: dict[Item, int] = field(default_factory=dict)
    lengths: dict[Item, int] = field(default_factory=dict)

    def frames(self, items: list[Item]) -> int:
        """Give the frames of some items: opening 50,000 movies to count theirs would take hours."""
        known = [len(item.plates) for item in items if not item.is_movie]
        opened = [self.lengths[item] for item in items if item.is_movie and item in self.lengths]
        movies = len(items) - len(known)
        return sum(known) + round(movies * sum(opened) / len(opened) if opened else 0)


def _by_split(found: Found) -> dict[str, list[Item]]:
    splits: dict[str, list[Item]] = {}
    for item in found.items:
        splits.setdefault(item.split, []).append(item)
    return splits


def _opened(found: Found, *, thorough: bool) -> _Seen:
    count = len(found.items)
    places = np.arange(count) if thorough else np.unique(np.linspace(0, count - 1, LOOKED_AT).round().astype(int))
    seen = _Seen()
    for place in places:
        item = found.items[place]
        try:
            length = item.length()
            seen.lengths[item] = length
            if not length:
                seen.problems.append(f"'{item.plates[0]}' has no frames.")
                continue
            looks = range(length) if thorough else sorted({0, length - 1})
            objects = max(sum(bool(one.any()) for one in item.read([frame]).alpha_nthw) for frame in looks)
        except PlateError as problem:
            seen.problems.append(problem.message)
            continue
        seen.objects[item] = objects
        if not objects and item.kind is not Labels.NONE:
            seen.problems.append(f"'{item.name}' shows no object where it was looked at.")
    return seen


def _shortened(problems: list[str]) -> tuple[str, ...]:
    """Keep the first few; a set that was copied in part has thousands of the same kind."""
    once = list(dict.fromkeys(problems))
    more = len(once) - _SAID
    return (*once[:_SAID], f"and {more} more like these.") if more > 0 else tuple(once)
