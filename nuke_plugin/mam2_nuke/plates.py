"""Plates out of Nuke: a few frames at a time through the Write inside the Group, which rests disabled.

The Write is made for uncompressed half EXR, raw, of the format's size (`group.py`); here it is pointed at a file,
enabled, executed and put back, all within one call in the main thread, so that an artist who saves the script between
two calls saves it as it was. Each call pops up a progress meter of Nuke's own, so a call takes more frames while they
are quick.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import nuke

from .contract import OutputError, PlateError, Shot, plan_shot, visits
from .host import without_undo
from .node import inner
from .paths import tcl_path
from .waiting import Cancelled

PLATES, MASKS = "PlateWrite", "MaskWrite"
_SECONDS = 0.5
_MOST = 16
_ROOM = {
    PLATES: "Make room on that disk, or have the engine keep its shots on another: MAM2_STORE.",
    MASKS: "Make room on that disk, or choose another folder under Cache.",
}


class Busy(Exception):  # noqa: N818 - nothing went wrong
    """Nuke renders something else, which serves this call in between: ask again."""


def in_order(shot: Shot) -> list[int]:
    """Give the frames of a shot in the order in which they are tracked: so the engine waits for none in vain."""
    return [visit.frame for visit in visits(plan_shot(shot), lambda *_: False, lambda _: False)]


def slices(frames: Sequence[int]) -> Iterator[list[int]]:
    """Cut frames into runs that one call renders: as many as take half a second, twice the last at most.

    Args:
        frames: in the order in which they are wanted; each run goes one way.
    """
    start, most = 0, 1
    while start < len(frames):
        end = start + 1
        while end < min(start + most, len(frames)) and abs(frames[end] - frames[end - 1]) == 1:
            end += 1
        began = time.monotonic()
        yield list(frames[start:end])
        each = max((time.monotonic() - began) / (end - start), 1e-6)
        start, most = end, max(1, min(2 * (end - start), _MOST, int(_SECONDS / each)))


def render(node: Any, write_name: str, frames: Sequence[int], pattern: Path, view: str, which: int = 0) -> None:
    """Render some frames to files. Main thread only.

    Args:
        node: the MAM2 node.
        write_name: `PLATES` or `MASKS`.
        frames: Nuke's numbers, one behind the other.
        pattern: the files, with `%04d`; their folder exists.
        view: name of the view; empty: the script has one.
        which: of the masks: 0 the mask input, 1 core, 2 garbage.

    Raises:
        Busy: something else is being rendered.
        Cancelled: Nuke's own Cancel was pressed.
        OutputError: the disk does not take the file.
        PlateError: the graph above cannot be rendered; frames before the one that it names are there.
    """
    if nuke.executing():
        raise Busy
    write, root, of = inner(node, write_name), nuke.root(), inner(node, "MaskOf")["which"]
    with without_undo():
        before: dict[Any, Any] = {knob: knob.value() for knob in (root["proxy"], write["disable"], write["file"], of)}
        try:
            of.setValue(which)
            root["proxy"].setValue(False)  # else a Write renders at proxy size
            write["file"].setValue(tcl_path(pattern))
            write["disable"].setValue(False)
            nuke.execute(write, min(frames), max(frames), 1, [view or nuke.views()[0]])
        except RuntimeError as problem:
            frame = next((one for one in sorted(frames) if not file_of(pattern, one).is_file()), max(frames))
            path = file_of(pattern, frame)
            for leftover in (path, path.with_name(path.name + ".tmp")):  # Nuke writes the second and renames it
                leftover.unlink(missing_ok=True)
            if "cancel" in str(problem).lower():
                raise Cancelled from None
            _try_the_disk(node, write_name, frame, path)
            raise PlateError(
                "plates.render",
                "Frame {} cannot be rendered: {}".format(frame, str(problem).rstrip(". ") + "."),
                "Look at the node it names, or leave the frame out of the range.",
            ) from problem
        finally:
            for knob, value in before.items():
                knob.setValue(value)


def file_of(pattern: Path, frame: int) -> Path:
    """Give a frame's file of a pattern."""
    return pattern.with_name(pattern.name % frame)


def _try_the_disk(node: Any, write_name: str, frame: int, path: Path) -> None:
    """Write as much as a plate takes and remove it again: Nuke's own words for a full disk are not ours to guess.

    Raises:
        OutputError: it cannot be written.
    """
    found = node.format()
    try:
        with path.open("wb") as file:
            file.write(bytes(found.width() * found.height() * 6))  # three halves a pixel
    except OSError as problem:
        raise OutputError(
            "output.unwritable",
            f"Frame {frame} cannot be written to {path.parent}: {problem.strerror or problem}.",
            _ROOM[write_name],
        ) from problem
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
