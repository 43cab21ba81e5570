"""Numbered image files: which belong together, and reading them as plates."""

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.contract.errors import PlateError

from .images import EXTENSIONS, ImageHeader, read_header, read_rgb
from .layers import names
from .source import Plate, PlateSource

# A minus is a sign at the start of a name and after '.' or '_'; elsewhere it separates, as in `plate-0001.exr`. Numbers
# of more digits than a date with its time has are no frames.
_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<digits>(?:(?<![^._])-|(?<!\d))\d{1,15})(?P<suffix>\.[^.]+)")
_PATTERN = re.compile(r"(?P<prefix>.*)(?:%0?(?P<width>\d*)d|(?P<hashes>(?<!#)#+))(?P<suffix>[^#]*?)")
_SIGNED = re.compile(r"(?P<prefix>(?:.*[._])?)(?P<sign>-?)")


@dataclass(frozen=True)
class Sequence:
    """Files of one name: `prefix`, frame number, `suffix`; `files` maps frame to file name, ascending.

    Frames before 0 are written with a minus, whose place counts for the padding or not: -002 and -0002 are frame -2.
    """

    folder: Path
    prefix: str
    suffix: str
    padding: int
    files: Mapping[int, str]

    @property
    def name(self) -> str:
        """The name without frame number and extension, e.g. `plate` of `plate.####.exr`."""
        return self.prefix.rstrip("._-") or self.folder.resolve().name or "plate"

    @property
    def pattern(self) -> str:
        """The name with `#` for every digit of the frame number; of one image without a number, its name."""
        only = f"{self.prefix}{self.suffix}"
        return only if only in self.files.values() else f"{self.prefix}{'#' * self.padding}{self.suffix}"


class SequenceSource(PlateSource):
    """Plates from numbered image files; any number of threads may read at once."""

    def __init__(self, sequence: Sequence, layer: str | None = None) -> None:
        self.name = sequence.name
        self.frames = tuple(sequence.files)
        self.padding = sequence.padding
        self._sequence = sequence
        self._tags: dict[int, Mapping[str, Any]] = {}
        header = read_header(self.path_of(self.first), layer)
        self.size, self.pixel_aspect, self.encoding = header.size, header.pixel_aspect, header.encoding
        # Chosen once: a sequence whose frames hold other layers must not change its picture on the way.
        self.layer = header.choice.name
        self.remarks = _remarks(header)

    def read(self, frame: int) -> Plate:  # noqa: D102 - said by PlateSource
        stored, header = read_rgb(self.path_of(frame), self.layer)
        self._check(header, frame)
        return Plate(stored, frame, header.data_window, header.pixel_aspect, header.encoding)

    def header(self, frame: int) -> ImageHeader:
        """Read the header of a plate, and check that it fits the first one.

        Raises:
            PlateError: as `read`.
        """
        header = read_header(self.path_of(frame), self.layer)
        self._check(header, frame)
        return header

    def tags(self, frame: int) -> Mapping[str, Any]:  # noqa: D102 - said by PlateSource
        found = self._tags.get(frame)
        own = self.header(frame).tags if found is None else found
        return {"pixel_aspect": self.pixel_aspect, **own}

    def path_of(self, frame: int) -> Path:  # noqa: D102 - said by PlateSource
        name = self._sequence.files.get(frame)
        if name is None:
            raise self._missing_plate(frame)
        return self._sequence.folder / name

    def _check(self, header: ImageHeader, frame: int) -> None:
        self._check_size(header.size, frame)
        if header.encoding != self.encoding:
            raise PlateError(
                "plates.encoding",
                f"Frame {frame} of '{self.name}' holds {header.encoding} values, but frame {self.first} "
                f"{self.encoding} ones.",
                "All plates of a shot must be encoded alike: render the odd one again or split the shot.",
            )
        self._tags[frame] = header.tags

    def _variant(self) -> str:
        return self.layer


def is_pattern(path: Path) -> bool:
    """Say whether a path's last part stands for numbered files: `name.####.exr` or `name.%04d.exr`."""
    return not path.exists() and _PATTERN.fullmatch(path.name) is not None


def from_pattern(path: Path) -> Sequence:
    """Find the files of `name.####.exr` or `name.%04d.exr`; longer numbers count, if they do not start with 0.

    Raises:
        PlateError: `plates.none`.
    """
    match = _PATTERN.fullmatch(path.name)
    if match is None:
        raise ValueError(f"{path.name!r} is no pattern")
    padding = len(match["hashes"]) if match["hashes"] else int(match["width"] or 1)
    prefix, suffix = _composed(match["prefix"]), _composed(match["suffix"])
    signed = _SIGNED.fullmatch(prefix)
    sign = ("-" if signed["sign"] else "-?") if signed else ""
    prefix = signed["prefix"] if signed else prefix
    numbered = re.compile(f"{re.escape(prefix)}(?P<digits>{sign}\\d+)(?P<suffix>(?i:{re.escape(suffix)}))")
    names = list(_names(path.parent))
    found = [(hit["digits"], name) for name in names if (hit := numbered.fullmatch(_composed(name)))]
    fitting = [(digits, name) for digits, name in found if _fits(digits, padding)]
    exact = {int(digits) for digits, name in fitting if name.endswith(suffix)}
    fitting = [(digits, name) for digits, name in fitting if name.endswith(suffix) or int(digits) not in exact]
    if not fitting:
        other = f" There is '{found[0][1]}': are the digits as many?" if found else _other_case(numbered, names)
        raise PlateError("plates.none", f"No file matches '{path}'.", f"Check the folder and the name.{other}")
    return Sequence(path.parent, prefix, suffix, padding, _by_frame(path.parent, prefix, suffix, fitting))


def from_folder(folder: Path) -> tuple[Sequence, ...]:
    """Find every sequence in a folder, by name; hidden files and files that are no images do not count.

    An image without a number is a sequence of one frame. `.exr` and `.EXR` are the same.

    Raises:
        PlateError: `plates.ambiguous` if a frame number occurs twice in a sequence.
    """
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    singles = []
    for name in _names(folder):
        if name.startswith(".") or Path(name).suffix[1:].lower() not in EXTENSIONS:
            continue
        match = _NUMBERED.fullmatch(name)
        if match:
            groups.setdefault((match["prefix"], match["suffix"].lower()), []).append((match["digits"], name))
        else:
            singles.append(from_file(folder / name))
    found = [_sequence(folder, prefix, numbered) for (prefix, _), numbered in groups.items()]
    return tuple(sorted(found + singles, key=lambda sequence: sequence.pattern))


def from_file(path: Path) -> Sequence:
    """Make a sequence of one image; its frame is the number before the extension if a separator precedes it, else 1.

    So `plate.1001.exr` is frame 1001, and `plate_v02.exr` is frame 1.
    """
    match = _NUMBERED.fullmatch(path.name)
    if match and (not match["prefix"] or match["prefix"][-1] in "._-"):
        return _sequence(path.parent, match["prefix"], [(match["digits"], path.name)])
    return Sequence(path.parent, path.stem, path.suffix, 4, {1: path.name})


def patterns(sequences: Iterable[Sequence]) -> tuple[str, ...]:
    """Give what to type for each of several sequences in a folder, at most once each.

    Where files differ in one number alone and it is not the last in the name, as in `p.0001_beauty.exr`, that is one
    sequence too: it has to be typed, since the number may as well be a version.
    """
    alone: dict[tuple[str, ...], dict[str, str]] = {}
    typed: dict[str, None] = {}
    for one in sequences:
        if len(one.files) == 1:
            (name,) = one.files.values()
            alone.setdefault(tuple(re.split(r"\d+", name)), {})[name] = one.pattern
        else:
            typed[one.pattern] = None
    for between, found in alone.items():
        numbers = [re.findall(r"\d+", name) for name in found]
        differing = [place for place, column in enumerate(zip(*numbers, strict=True)) if len(set(column)) > 1]
        if len(differing) == 1:
            place, shown = differing[0], list(numbers[0])
            shown[place] = "#" * min(len(row[place]) for row in numbers)
            typed["".join(text + number for text, number in zip(between, [*shown, ""], strict=True))] = None
        else:
            typed.update(dict.fromkeys(found.values()))
    return tuple(sorted(typed))


def _remarks(header: ImageHeader) -> tuple[str, ...]:
    named = f"layer {header.choice.name}" if header.choice.name else "plain R, G, B"
    others = [name for name in names(header.parts) if name != header.choice.name]
    said = [named] if header.choice.name or others else []
    return (*said, *(["turned upright as its header says"] if header.orientation != 1 else []))


def _sequence(folder: Path, prefix: str, numbered: list[tuple[str, str]]) -> Sequence:
    digits, name = numbered[0]
    suffix = name[len(prefix) + len(digits) :]
    # The shortest number is as long as the padding, or the files are not padded at all.
    padding = min(len(text) for text, _ in numbered)
    return Sequence(folder, prefix, suffix, padding, _by_frame(folder, prefix, suffix, numbered))


def _by_frame(folder: Path, prefix: str, suffix: str, numbered: list[tuple[str, str]]) -> dict[int, str]:
    files: dict[int, str] = {}
    for digits, name in numbered:
        number = int(digits)
        if number in files:
            raise PlateError(
                "plates.ambiguous",
                f"'{files[number]}' and '{name}' are both frame {number}.",
                f"Name the files, e.g. {folder / (prefix + '####' + suffix)}, or take one of the two away.",
            )
        files[number] = name
    return dict(sorted(files.items()))


def _fits(digits: str, padding: int) -> bool:
    """Tell whether a number may be written so: `%04d` gives -002 for frame -2, others write -0002."""
    unsigned = digits.removeprefix("-")
    longer = len(unsigned) > padding and not unsigned.startswith("0")
    return len(unsigned) == padding or (unsigned != digits and len(digits) == padding) or longer


def _composed(name: str) -> str:
    """Write accents as a keyboard does: some systems store them apart from their letters."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _other_case(numbered: re.Pattern[str], names: Iterable[str]) -> str:
    spelled = re.compile(numbered.pattern, re.IGNORECASE)
    hit = next(filter(None, (spelled.fullmatch(_composed(name)) for name in names)), None)
    if hit is None:
        return ""
    begin, end = hit.span("digits")
    return f" There is '{hit[0][:begin]}{'#' * (end - begin)}{hit[0][end:]}': upper and lower case differ."


def _names(folder: Path) -> Iterable[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not entry.is_dir())
    except OSError as problem:
        raise PlateError(
            "plates.none",
            f"The folder '{folder}' cannot be listed: {problem.strerror or problem}.",
            "Check the path and its permissions.",
        ) from problem
