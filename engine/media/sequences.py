"""Numbered image files: which belong together, and reading them as plates."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.contract.errors import PlateError

from .images import EXTENSIONS, read_header, read_rgb
from .source import Plate, PlateSource

_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<digits>\d+)(?P<suffix>\.[^.]+)")
_PATTERN = re.compile(r"(?P<prefix>.*)(?:%0?(?P<width>\d*)d|(?P<hashes>(?<!#)#+))(?P<suffix>[^#]*?)")


@dataclass(frozen=True)
class Sequence:
    """Files of one name: `prefix`, frame number, `suffix`; `files` maps frame to file name, ascending."""

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
        """The name with `#` for every digit of the frame number."""
        return f"{self.prefix}{'#' * self.padding}{self.suffix}"


class SequenceSource(PlateSource):
    """Plates from numbered image files; any number of threads may read at once."""

    def __init__(self, sequence: Sequence, layer: str | None = None) -> None:
        self.name = sequence.name
        self.frames = tuple(sequence.files)
        self.padding = sequence.padding
        self._sequence = sequence
        self._layer = layer
        header = read_header(self.path_of(self.first), layer)
        self.size, self.pixel_aspect, self.encoding = header.size, header.pixel_aspect, header.encoding

    def read(self, frame: int) -> Plate:  # noqa: D102 - said by PlateSource
        stored, header = read_rgb(self.path_of(frame), self._layer)
        self._check_size(header.size, frame)
        return Plate(stored, frame, header.data_window, header.pixel_aspect, header.encoding)

    def path_of(self, frame: int) -> Path:  # noqa: D102 - said by PlateSource
        name = self._sequence.files.get(frame)
        if name is None:
            raise self._missing_plate(frame)
        return self._sequence.folder / name

    def _variant(self) -> str:
        return self._layer or ""


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
    prefix, suffix = match["prefix"], match["suffix"]
    numbered = re.compile(f"{re.escape(prefix)}(\\d+){re.escape(suffix)}")
    found = [(hit[1], hit[0]) for hit in map(numbered.fullmatch, _names(path.parent)) if hit]
    files = {int(digits): name for digits, name in found if _fits(digits, padding)}
    if not files:
        others = f" There is '{found[0][1]}': are the digits as many?" if found else ""
        raise PlateError("plates.none", f"No file matches '{path}'.", f"Check the folder and the name.{others}")
    return Sequence(path.parent, prefix, suffix, padding, dict(sorted(files.items())))


def from_folder(folder: Path) -> tuple[Sequence, ...]:
    """Find every sequence in a folder, by name; hidden files and files that are no images do not count.

    An image without a number is a sequence of one frame.

    Raises:
        PlateError: `plates.ambiguous` if a frame number occurs twice in a sequence.
    """
    groups: dict[tuple[str, str], dict[str, str]] = {}
    singles = []
    for name in _names(folder):
        if name.startswith(".") or Path(name).suffix[1:].lower() not in EXTENSIONS:
            continue
        match = _NUMBERED.fullmatch(name)
        if match:
            groups.setdefault((match["prefix"], match["suffix"]), {})[match["digits"]] = name
        else:
            singles.append(from_file(folder / name))
    found = [_sequence(folder, prefix, suffix, files) for (prefix, suffix), files in groups.items()]
    return tuple(sorted(found + singles, key=lambda sequence: sequence.pattern))


def from_file(path: Path) -> Sequence:
    """Make a sequence of one image; its frame is the number before the extension if a separator precedes it, else 1.

    So `plate.1001.exr` is frame 1001, and `plate_v02.exr` is frame 1.
    """
    match = _NUMBERED.fullmatch(path.name)
    if match and (not match["prefix"] or match["prefix"][-1] in "._-"):
        digits = match["digits"]
        return Sequence(path.parent, match["prefix"], match["suffix"], len(digits), {int(digits): path.name})
    return Sequence(path.parent, path.stem, path.suffix, 4, {1: path.name})


def _sequence(folder: Path, prefix: str, suffix: str, by_digits: Mapping[str, str]) -> Sequence:
    files: dict[int, str] = {}
    for digits, name in by_digits.items():
        number = int(digits)
        if number in files:
            raise PlateError(
                "plates.ambiguous",
                f"'{files[number]}' and '{name}' are both frame {number}.",
                f"Name the files, e.g. {folder / (prefix + '####' + suffix)}",
            )
        files[number] = name
    # The shortest number is as long as the padding, or the files are not padded at all.
    return Sequence(folder, prefix, suffix, min(map(len, by_digits)), dict(sorted(files.items())))


def _fits(digits: str, padding: int) -> bool:
    return len(digits) == padding or (len(digits) > padding and not digits.startswith("0"))


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
