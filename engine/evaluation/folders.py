"""Mattes of any tool beside the truth: two folders with one folder a clip, and numbered image files inside."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.contract.errors import EngineError
from engine.evaluation.examination import Part
from engine.evaluation.metrics import Codes, to_codes
from engine.media.masks import read_coverage
from engine.media.sequences import Sequence, from_file, from_folder, from_pattern, is_pattern

_LAYOUT = (
    "Give two sequences (folders or NAME.####.png), two pictures, or two folders that hold one folder a clip each."
)
_LISTED = 8


@dataclass(frozen=True)
class ClipPair:
    """One clip in both folders.

    Attributes:
        name: of its folder.
        predicted, true: files of the frames, in the same order.
    """

    name: str
    predicted: tuple[Path, ...]
    true: tuple[Path, ...]

    @property
    def kind(self) -> str:
        """What tables group the clip under."""
        return kind_of(self.name)

    def read(self) -> tuple[Codes, Codes]:
        """Read the mattes and the truth: (T, H, W) uint8 each.

        Raises:
            PlateError: a file cannot be read.
            EngineError: `evaluate.size`: a frame differs in size from its truth or from its clip.
        """
        true = read_alphas(self.true)
        predicted = []
        for path in self.predicted:
            frame = to_codes(read_coverage(path))
            if frame.shape != true[0].shape:
                raise EngineError(
                    "evaluate.size",
                    f"'{path}' is {frame.shape[1]}x{frame.shape[0]} pixels, its truth {true.shape[2]}x{true.shape[1]}.",
                    "Render the mattes at the size of the truth: scaled alphas would be measured wrongly.",
                )
            predicted.append(frame)
        return np.stack(predicted), true


@dataclass(frozen=True)
class FolderPair:
    """Two folders that were found to belong together.

    Attributes:
        name: of the truth's folder.
        clips: in the order of their names.
        notes: what a person should know: what was left out, what was matched by order.
    """

    name: str
    clips: tuple[ClipPair, ...]
    notes: tuple[str, ...]


def kind_of(name: str) -> str:
    """Give what stands before the last dash of a clip's name, or before its number: `smoke` of `smoke-passed`."""
    return name.rpartition("-")[0] or re.sub(r"[\W_]*\d+$", "", name) or "clips"


def pair_folders(predicted: Path, true: Path, part: Part = Part()) -> FolderPair:  # noqa: B008 - frozen
    """Find the clips and frames of the truth, or of a part of it, among somebody's mattes; no pixel is read.

    Raises:
        EngineError: `evaluate.folder`: there are no clips; `evaluate.part`: nothing of the truth is wanted;
            `evaluate.unmatched`: clips or frames are missing.
    """
    everything, found = _clips(true), _clips(predicted)
    if len(everything) == len(found) == 1 and _is_clip(true):
        found = dict(zip(everything, found.values(), strict=True))  # two sequences, whatever they are called
    truths = {one.name: one.path for one in part.of([_TrueFolder(*one) for one in everything.items()], f"'{true}'")}
    problems = [f"clip '{name}' has no folder" for name in truths if name not in found]
    extra = [name for name in found if name not in everything]
    notes = [f"Without truth, and left out: {_few(extra)}."] if extra else []
    pairs = []
    for name in sorted(truths.keys() & found.keys()):
        ours, truth = _sequence(found[name]), _sequence(truths[name])
        missing = [frame for frame in truth.files if frame not in ours.files]
        if not missing:
            frames = {frame: frame for frame in truth.files}
            left_out = len(ours.files) - len(frames)
            notes += [f"'{name}': {left_out} frames have no truth and are left out."] if left_out else []
        elif len(ours.files) == len(truth.files):
            frames = dict(zip(truth.files, ours.files, strict=True))
            notes.append(
                f"'{name}': frames are numbered from {min(ours.files)} instead of {min(truth.files)}: in order."
            )
        else:
            problems.append(f"clip '{name}' lacks {len(missing)} of {len(truth.files)} frames: {_few(missing)}")
            continue
        pairs.append(
            ClipPair(
                name,
                tuple(ours.folder / ours.files[frame] for frame in frames.values()),
                tuple(truth.folder / truth.files[frame] for frame in frames),
            )
        )
    if problems:
        raise EngineError(
            "evaluate.unmatched",
            f"'{predicted}' is not complete: {'; '.join(problems[:_LISTED])}"
            + (f"; and {len(problems) - _LISTED} more." if len(problems) > _LISTED else "."),
            "Render what is missing, or take its truth out of the other folder.",
        )
    return FolderPair(true.resolve().name, tuple(pairs), tuple(notes))


def read_alphas(files: tuple[Path, ...]) -> Codes:
    """Read alphas of one clip: (T, H, W) uint8.

    Raises:
        PlateError: a file cannot be read.
        EngineError: `evaluate.size`: they are not of one size.
    """
    frames = [to_codes(read_coverage(path)) for path in files]
    odd = next((path for path, frame in zip(files, frames, strict=True) if frame.shape != frames[0].shape), None)
    if odd:
        raise EngineError(
            "evaluate.size", f"'{odd}' differs in size from '{files[0].name}'.", "A clip has one size: check the files."
        )
    return np.stack(frames)


def subfolders(folder: Path) -> Iterator[Path]:
    """Give the visible folders in a folder by name; none where it cannot be read."""
    if folder.is_dir():
        yield from sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))


@dataclass(frozen=True)
class _TrueFolder:
    name: str
    path: Path

    @property
    def kind(self) -> str:
        return kind_of(self.name)


def _is_clip(path: Path) -> bool:
    """Tell whether a path is a sequence or a picture by itself, and not a folder of clips."""
    return is_pattern(path) or path.is_file() or (path.is_dir() and bool(from_folder(path)))


def _clips(folder: Path) -> dict[str, Path]:
    if _is_clip(folder):
        return {folder.name.split(".")[0] or "clip": folder}
    if not folder.is_dir():
        raise EngineError("evaluate.folder", f"There is no folder '{folder}'.", f"Check the path. {_LAYOUT}")
    clips = {one.name: one for one in subfolders(folder)}
    if not clips:
        raise EngineError("evaluate.folder", f"'{folder}' holds no folder of a clip.", _LAYOUT)
    return clips


def _sequence(folder: Path) -> Sequence:
    if is_pattern(folder):
        return from_pattern(folder)
    if folder.is_file():
        return from_file(folder)
    found = from_folder(folder)
    numbered = [one for one in found if one.pattern not in one.files.values()]
    if len(numbered) == 1:
        return numbered[0]  # what has no number is a preview or a thumbnail
    # `mam2 matte` may write masks and trimaps beside the alphas.
    alphas = [one for one in found if one.prefix.endswith(".alpha.")]
    if len(found) > 1 and len(alphas) == 1:
        return alphas[0]
    if len(found) != 1:
        what = f"more than one: {_few([one.pattern for one in found])}" if found else "none"
        raise EngineError("evaluate.folder", f"'{folder}' should hold one sequence, and holds {what}.", _LAYOUT)
    return found[0]


def _few(names: "list[str] | list[int]") -> str:
    listed = ", ".join(map(str, names[:_LISTED]))
    return f"{listed} and {len(names) - _LISTED} more" if len(names) > _LISTED else listed
