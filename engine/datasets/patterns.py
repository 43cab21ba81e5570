"""Folder layouts as text: `{split}/fgr/{clip}/{frame}` finds files, and reads off their names what they are."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path


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
