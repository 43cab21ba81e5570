"""Finding what a folder holds, by layouts written as text: the items of a known layout, and what is missing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path

from engine.contract.errors import PlateError
from engine.datasets.items import Item, Labels
from engine.datasets.layouts import LAYOUTS, Layout, Row
from engine.datasets.pictures import MOVIES, PICTURES


def walk(root: Path, pattern: str, suffixes: frozenset[str]) -> Iterator[tuple[Mapping[str, str], Path]]:
    """Find the files that a pattern describes, in order of their names.

    Args:
        root: where the pattern begins.
        pattern: names separated by `/`. `{word}` stands for any part of a name, `a|b` for either; the last name goes
            without its suffix. Capitals do not matter outside of braces.
        suffixes: of the files wanted, in small letters.

    Yields:
        What the words stand for, and the file.
    """
    yield from _walk(root, pattern.split("/"), suffixes, {})


def _walk(
    folder: Path, names: list[str], suffixes: frozenset[str], words: Mapping[str, str]
) -> Iterator[tuple[Mapping[str, str], Path]]:
    rule, rest = _compiled(names[0]), names[1:]
    for entry in sorted(folder.iterdir(), key=natural) if folder.is_dir() else ():
        if entry.name.startswith("."):
            continue
        match = rule.fullmatch(entry.name if rest else entry.stem)
        if match is None:
            continue
        known = {**words, **match.groupdict()}
        if rest:
            yield from _walk(entry, rest, suffixes, known)
        elif entry.suffix.lower() in suffixes and entry.is_file():
            yield known, entry


def natural(path: Path) -> tuple[int, str]:
    """Sort key: `9` before `10`; names of one length by letters."""
    return len(path.stem), path.name


@cache
def _compiled(name: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", name)
    # Every second part stood in braces.
    texts = [f"(?P<{part}>.+)" if n % 2 else _either(part) for n, part in enumerate(parts)]
    return re.compile("".join(texts), re.IGNORECASE)


def _either(text: str) -> str:
    return f"(?:{'|'.join(re.escape(one) for one in text.split('|'))})"


_Key = tuple[str, str, str]


@dataclass(frozen=True)
class Found:
    """A folder as a data set.

    Attributes:
        layout: which one.
        root: the folder.
        items: in the order of the layout's rows, then by name.
        problems: pairs that are not complete, in words.
    """

    layout: Layout
    root: Path
    items: tuple[Item, ...]
    problems: tuple[str, ...]


@dataclass
class _Rack:
    """Plates and labels of one item while its files are collected."""

    plates: dict[str, Path] = field(default_factory=dict)
    labels: dict[str, dict[str, Path]] = field(default_factory=dict)

    def files(self) -> Iterator[Path]:
        """Give all files of the rack."""
        yield from self.plates.values()
        for files in self.labels.values():
            yield from files.values()


def discover(root: Path, name: str | None = None) -> Found:
    """Find the items of a data set.

    Args:
        root: its folder.
        name: of its layout, see `LAYOUTS`; None for the one that the folder looks like.

    Raises:
        PlateError: `data.missing`, `data.unknown_set`; `data.wrong_layout` where nothing of the layout is there.
    """
    if name is not None and name not in LAYOUTS:
        raise PlateError(
            "data.unknown_set", f"There is no data set called '{name}'.", f"These are known: {', '.join(LAYOUTS)}."
        )
    if not root.is_dir():
        raise PlateError("data.missing", f"There is no folder '{root}'.", "Check the path.")
    found = _look(root, LAYOUTS[name]) if name else _likeliest(root, labelled_only=False)
    if found is None or not found.items:
        raise _wrong(root, name)
    return found


def _likeliest(root: Path, *, labelled_only: bool) -> Found | None:
    """Give the layout with most items; backgrounds, which fit any pictures, only where no other fits."""
    for labelled in (True,) if labelled_only else (True, False):
        candidates = [_look(root, one) for one in LAYOUTS.values() if (one.source is not None) is labelled]
        best = max(candidates, key=lambda found: len(found.items))
        if best.items:
            return best
    return None


def _look(root: Path, layout: Layout) -> Found:
    listed = dict(_listed(root, layout.lists)) if layout.lists else {}
    if not layout.rows:
        return Found(layout, root, tuple(_any_pictures(root)), ())
    items: dict[_Key, Item] = {}
    incomplete: list[tuple[str, _Rack]] = []
    for row in layout.rows:
        for key, rack in _collect(root, row, listed).items():
            item, problem = _item(key, rack, row)
            if item is not None:
                items.setdefault(key, item)
            if problem:
                incomplete.append((problem, _Rack() if item else rack))
    # What one row lacks another may complete: the same files, otherwise paired.
    used = {path for item in items.values() for path in item.files()}
    problems = dict.fromkeys(words for words, rack in incomplete if used.isdisjoint(rack.files()))
    return Found(layout, root, tuple(items.values()), tuple(problems) if items else ())


def _collect(root: Path, row: Row, listed: dict[str, str]) -> dict[_Key, _Rack]:
    racks: dict[_Key, _Rack] = {}

    def key_of(words: dict[str, str]) -> _Key:
        return words.get("split") or listed.get(words["clip"], row.split), words.get("part", ""), words["clip"]

    for words, path in walk(root, row.plates, row.suffixes):
        racks.setdefault(key_of(dict(words)), _Rack()).plates[words.get("frame", "")] = path
    for words, path in walk(root, row.labels, row.label_suffixes) if row.labels else ():
        rack = racks.setdefault(key_of(dict(words)), _Rack())
        rack.labels.setdefault(words.get("object", ""), {})[words.get("frame", "")] = path
    return racks


def _item(key: _Key, rack: _Rack, row: Row) -> tuple[Item | None, str]:
    """Give the item that a rack holds, if it is one, and what is wrong with it, if anything is."""
    split, part, clip = key
    name = f"{part}/{clip}" if part else clip
    if not rack.plates:
        return None, f"no plate for the labels of '{name}'"
    frames = list(rack.plates)
    problem = ""
    if row.labels:
        if not rack.labels:
            return None, f"no labels for '{name}'"
        labelled = {frame for files in rack.labels.values() for frame in files}
        frames = [frame for frame in frames if frame in labelled]
        bare, lost = len(rack.plates) - len(frames), len(labelled - set(frames))
        if lost or (bare and not row.sparse):
            problem = f"'{name}': {bare} of its frames have no labels, {lost} of its labels no plate"
        if not frames:
            return None, problem or f"'{name}': its labels have other frame names than its plates"
    plates = tuple(rack.plates[frame] for frame in frames)
    labels = tuple(tuple(files.get(frame) for frame in frames) for _, files in sorted(rack.labels.items()))
    return Item(split, name, plates, labels, row.kind, row.whole), problem


def _listed(root: Path, pattern: str) -> Iterator[tuple[str, str]]:
    """Give clip and split from the set's own lists; the first word of a line is the clip."""
    for words, path in walk(root, pattern, frozenset({".txt"})):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.strip():
                yield line.split()[0], words["split"]


def _any_pictures(root: Path) -> Iterator[Item]:
    """Give every movie, every folder of frames numbered without a gap as a clip, every other picture by itself."""
    files = (
        path for path in sorted(root.rglob("[!.]*")) if path.suffix.lower() in PICTURES | MOVIES and path.is_file()
    )
    for folder, inside in groupby(files, key=lambda path: path.parent):
        pictures = []
        for path in sorted(inside, key=natural):
            if path.suffix.lower() in MOVIES:
                yield _background(root, path, (path,))
            else:
                pictures.append(path)
        if is_sequence(pictures):
            yield _background(root, folder, tuple(pictures))
        else:
            yield from (_background(root, path, (path,)) for path in pictures)


def _background(root: Path, path: Path, plates: tuple[Path, ...]) -> Item:
    return Item("all", path.relative_to(root).as_posix(), plates, (), Labels.NONE)


def is_sequence(pictures: list[Path]) -> bool:
    """Say whether pictures are the frames of one clip: one name, numbers in a row."""
    parts = [re.fullmatch(r"(.*?)(\d+)", path.stem) for path in pictures]
    named = [(part[1], int(part[2])) for part in parts if part]
    first = named[0] if len(named) == len(parts) > 1 else None
    return first is not None and named == [(first[0], first[1] + n) for n in range(len(named))]


def _wrong(root: Path, name: str | None) -> PlateError:
    said = (
        f"does not have {f'the layout of {name!r}' if name else 'any known layout'}"
        if any(root.iterdir())
        else "is empty"
    )
    return PlateError("data.wrong_layout", f"The folder '{root}' {said}.", _way_out(root, name))


def _way_out(root: Path, name: str | None) -> str:
    """Say which folder near by was meant, or which set, or what the folder should hold."""
    inside = sorted(path for path in root.iterdir() if path.is_dir())
    for folder in (*inside, root.parent) if name else ():
        items = _look(folder, LAYOUTS[str(name)]).items
        if any(root in path.parents for item in items for path in item.files()):
            return f"'{folder}' has it: give that folder."
    for folder in (root, *inside):
        other = _likeliest(folder, labelled_only=True)
        if other is not None:
            place = "This" if folder == root else f"'{folder}'"
            return f"{place} looks like '{other.layout.name}' ({len(other.items)} items): give it under that name."
    rows = LAYOUTS[name].rows if name else ()
    places = " or ".join(row.plates + (f" with {row.labels}" if row.labels else "") for row in rows)
    return f"It should hold {places}." if places else "It should hold pictures or movies."
