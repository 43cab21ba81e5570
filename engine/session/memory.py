"""What a frame may recall: a window onto the record that stays the same size for a shot of any length.

The rules are SAM 2's (`sam2_base.py`): memories of prompted frames, of the six frames tracked last, and the object
pointers of fifteen; prompted frames are limited to the nearest eight, so that prompts may sit on every frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from engine.contract.plan import Course, plan_shot
from engine.contract.shot import Shot
from engine.model.tensors import FrameMemory, Memory, Step
from engine.session.record import Record

PROMPTED = 8  # memories of prompted frames
RECENT = 6  # memories of frames tracked lately
POINTERS = 15  # object pointers of frames tracked lately


@dataclass(frozen=True)
class Selection:
    """Frames to recall, ascending: prompted ones, and ones tracked lately."""

    prompted: tuple[int, ...]
    recent: tuple[int, ...]


def select(frame: int, references: Sequence[int], sweep: range, *, backward: bool) -> Selection:
    """Choose what a frame recalls.

    Args:
        frame: the frame that recalls.
        references: prompted frames that it may recall.
        sweep: the frames of its sweep in the order of tracking; for a frame outside it, nothing is recent.
        backward: tracking runs against time.
    """
    prompted = nearest(frame, references)
    behind = range(frame + 1, frame + POINTERS + 1) if backward else range(frame - POINTERS, frame)
    # A backward sweep may start below its anchor, which is then a reference and no frame of the sweep.
    allowed = {t for t in behind if t in sweep or t in references} if frame in sweep else set()
    return Selection(prompted, tuple(sorted(allowed.difference(prompted))))


def nearest(frame: int, references: Sequence[int], count: int = PROMPTED) -> tuple[int, ...]:
    """Give the references nearest to a frame, ascending; the nearest on either side is always among them."""
    ordered = sorted(references, key=lambda t: (abs(t - frame), t))
    sides = [next((t for t in ordered if t < frame), None), next((t for t in ordered if t >= frame), None)]
    chosen = [t for t in sides if t is not None]
    chosen += [t for t in ordered if t not in chosen][: count - len(chosen)]
    return tuple(sorted(chosen))


class MemoryBank:
    """One object's memories in one sweep."""

    def __init__(self) -> None:
        self._kept: dict[int, FrameMemory] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def remember(self, frame: int, memory: FrameMemory) -> None:
        """Hold the memory of a frame just tracked."""
        self._kept[frame] = memory

    def recall(
        self,
        frame: int,
        selection: Selection,
        load: Callable[[int], FrameMemory],
        first: int,
        length: int,
        *,
        backward: bool,
    ) -> Memory:
        """Give what `frame` recalls; everything else that the bank held is let go.

        Args:
            frame: the frame that recalls, in the host's numbers.
            selection: from `select`.
            load: gives the memory of a frame that the bank does not hold.
            first: the shot's first frame.
            length: frames of the shot.
            backward: tracking runs against time.
        """
        whole = {t for t in selection.recent if abs(t - frame) <= RECENT}.union(selection.prompted)
        kept = {}
        for t in sorted({*selection.prompted, *selection.recent}):
            held = self._kept.get(t)
            if t in whole:
                kept[t] = held if held and held.features_bmhw is not None else load(t)
            else:
                kept[t] = (held or load(t)).faded()
        self._kept = kept
        return Memory(
            frame=frame - first,
            length=length,
            prompted={t - first: kept[t] for t in selection.prompted},
            recent={t - first: kept[t] for t in selection.recent},
            backward=backward,
        )


Banks = dict[tuple[str, bool], MemoryBank]
"""By object, and whether its sweep runs backward."""
Track = Callable[[str, int], Step]
"""Tracks an object through a frame that needs nothing of others."""


class Memories:
    """What the frames of a shot recall, from banks and the record behind them.

    Args:
        shot: as it is declared now.
        record: what was found so far.
        banks: memories held ready.

    Attributes:
        courses: by object, the frames that tracking reaches.
    """

    def __init__(self, shot: Shot, record: Record, banks: Banks) -> None:
        self.courses: dict[str, Course] = plan_shot(shot)
        self._first, self._length = shot.first, len(shot.frames)
        self._record, self._banks = record, banks

    def is_independent(self, name: str, frame: int) -> bool:
        """Tell whether a frame's prompts describe an object by themselves."""
        return frame in self.courses[name].independent

    def recall(self, name: str, frame: int, track: Track, *, backward: bool) -> Memory:
        """Give what an object's frame recalls in a sweep."""
        if self.is_independent(name, frame):
            return Memory(frame - self._first, self._length)
        return self._bank(name, backward=backward).recall(
            frame,
            self._selection(name, frame, backward=backward),
            partial(self._of, name, track),
            self._first,
            self._length,
            backward=backward,
        )

    def remember(self, name: str, frame: int, memory: FrameMemory, *, backward: bool) -> None:
        """Hold the memory of a frame just tracked."""
        self._bank(name, backward=backward).remember(frame, memory)

    def of_nearest(self, name: str, frame: int, track: Track) -> Memory:
        """Give the memory of the prompts nearest to a frame, whichever sweep would reach it."""
        near = nearest(frame, self.courses[name].independent, count=2)
        return Memory(
            frame - self._first,
            self._length,
            prompted={t - self._first: self._of(name, track, t) for t in near},
            backward=frame < near[0],  # object pointers are recalled from one side only
        )

    def are_there(self, name: str, frame: int, *, backward: bool) -> bool:
        """Tell whether an object can be tracked on a frame now: all that it recalls is there, or needs no memory."""
        course = self.courses[name]
        if frame in course.independent:
            return True
        chosen = self._selection(name, frame, backward=backward)
        return course.reaches(frame) and all(
            self._record.has(name, t) or t in course.independent for t in (*chosen.prompted, *chosen.recent)
        )

    def _selection(self, name: str, frame: int, *, backward: bool) -> Selection:
        course = self.courses[name]
        references = course.references(frame, backward=backward)
        return select(frame, references, course.sweep(backward=backward), backward=backward)

    def _bank(self, name: str, *, backward: bool) -> MemoryBank:
        return self._banks.setdefault((name, backward), MemoryBank())

    def _of(self, name: str, track: Track, frame: int) -> FrameMemory:
        """Give a recorded memory; SAM 2 recalls independent frames of the future too, so those are decoded now."""
        if self._record.has(name, frame):
            return self._record.memory(name, frame)
        if not self.is_independent(name, frame):
            raise LookupError(f"frame {frame} of '{name}' is recalled before it is tracked")
        return track(name, frame).memory
