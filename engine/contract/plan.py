"""Which frames are visited, in which order, and what an edit undoes: pure functions of the shot, the same for all.

Words: an object's *anchor* is the prompted frame where its tracking starts. Tracking goes in *sweeps*: one forward,
one backward. An *independent* frame is prompted so fully that it needs no memory, and serves every frame of the
object as a reference, like the anchor. A *correction* refines what was tracked there: frames behind it, in the
direction of its sweep, profit; frames before it never change.
"""

from dataclasses import dataclass
from typing import Callable, Dict, FrozenSet, Iterable, List, Mapping, Optional, Set, Tuple

from .shot import Point, Prompt, Shot, ShotObject


@dataclass(frozen=True)
class Course:
    """How one object goes through the shot.

    Attributes:
        anchor: the frame where tracking starts.
        independent: the frames whose prompts describe the object by themselves, ascending, the anchor among them.
        corrections: the other prompted frames that tracking reaches, ascending.
        forward: the frames of the forward sweep, ascending.
        backward: the frames of the backward sweep, descending.
    """

    anchor: int
    independent: Tuple[int, ...]
    corrections: Tuple[int, ...]
    forward: range
    backward: range

    @property
    def frames(self) -> FrozenSet[int]:
        """Every frame that tracking reaches."""
        return frozenset(self.forward) | frozenset(self.backward)

    def reaches(self, frame: int) -> bool:
        """Tell whether tracking reaches a frame."""
        return frame in self.forward or frame in self.backward

    def sweep(self, *, backward: bool) -> range:
        """Give the frames of one sweep in the order in which they are tracked."""
        return self.backward if backward else self.forward

    def references(self, frame: int, *, backward: bool) -> Tuple[int, ...]:
        """Give the prompted frames whose memories a frame may recall: independent ones, and corrections behind it."""
        sweep = self.sweep(backward=backward)
        behind = (t for t in self.corrections if t in sweep and ((t > frame) if backward else (t < frame)))
        return tuple(sorted({t for t in self.independent if t != frame}.union(behind)))

    def reaching(self, frame: int) -> Set[int]:
        """Give the prompted frames that play a part in the object's matte on a frame."""
        backward = frame not in self.forward and frame in self.backward
        return {frame, *self.independent, *self.references(frame, backward=backward)}


@dataclass(frozen=True)
class Visit:
    """One stop of tracking: on `frame`, these objects are tracked; then, when `deliver`, its mattes are complete."""

    frame: int
    backward: bool
    objects: Tuple[str, ...]
    deliver: bool


def plan_object(thing: ShotObject, shot: Shot) -> Course:
    """Plan one object's way through the shot; where masks take the place of tracking, no frame needs another."""
    if thing.masks:
        return Course(shot.first, (), (), shot.frames, range(0))
    direction = shot.settings.direction
    prompted = thing.frames()
    described = [frame for frame in prompted if _describes(thing.on(frame))]
    anchor = max(described) if direction == "backward" else min(prompted)
    redescribed = {
        frame
        for frame in described
        if shot.settings.corrections == "independent" or not all(isinstance(p, Point) for p in thing.on(frame))
    }
    independent = redescribed | {anchor}
    forward = range(0) if direction == "backward" else range(anchor, shot.last + 1)
    backward = {
        "forward": range(0),
        "backward": range(anchor, shot.first - 1, -1),
        "both": range(anchor - 1, shot.first - 1, -1),
    }[direction]
    corrections = tuple(t for t in prompted if t not in independent and (t in forward or t in backward))
    return Course(anchor, tuple(sorted(independent)), corrections, forward, backward)


def plan_shot(shot: Shot) -> Dict[str, Course]:
    """Plan every object's way through the shot, by name, in the shot's order."""
    return {thing.name: plan_object(thing, shot) for thing in shot.objects}


def frames_beside(courses: Mapping[str, Course], frame: int) -> Tuple[int, ...]:
    """Give the frames before and behind a frame that tracking reaches; smoothing over time looks at them."""
    return tuple(near for near in (frame - 1, frame + 1) if any(course.reaches(near) for course in courses.values()))


def visits(
    courses: Mapping[str, Course], tracked: Callable[[str, int], bool], delivered: Callable[[int], bool]
) -> List[Visit]:
    """Give what is left to do, in order: the forward sweep, then the backward one.

    One visit serves every object that is tracked on its frame in its sweep. A frame is delivered on the last visit
    that it needs; frames that no object reaches are not visited.

    Args:
        courses: the objects by name.
        tracked: whether an object is already tracked on a frame.
        delivered: whether a frame's mattes have already been given out.
    """
    ahead = sorted({frame for course in courses.values() for frame in course.forward})
    behind = sorted({frame for course in courses.values() for frame in course.backward}, reverse=True)

    def missing(frame: int, *, backward: bool) -> Tuple[str, ...]:
        return tuple(
            name
            for name, course in courses.items()
            if frame in course.sweep(backward=backward) and not tracked(name, frame)
        )

    plan: List[Visit] = []
    for frame in ahead:
        names = missing(frame, backward=False)
        complete = not missing(frame, backward=True) and not delivered(frame)
        if names or complete:
            plan.append(Visit(frame, backward=False, objects=names, deliver=complete))
    settled = set(ahead)
    for frame in behind:
        names = missing(frame, backward=True)
        if names or (frame not in settled and not delivered(frame)):
            plan.append(Visit(frame, backward=True, objects=names, deliver=not delivered(frame)))
    return plan


def dirty_frames(old: Optional[ShotObject], new: Optional[ShotObject], shot: Shot) -> FrozenSet[int]:
    """Give the frames on which an object's matte may change when its prompts do.

    Args:
        old: the object as it was; None when it is added.
        new: the object as it becomes; None when it is removed.
        shot: range and settings.
    """
    if old is None or new is None:
        return frozenset().union(*(plan_object(thing, shot).frames for thing in (old, new) if thing))
    if old.masks and new.masks:
        return frozenset()  # each frame has its own, of which `held_frames` tells
    before, after = plan_object(old, shot), plan_object(new, shot)
    changed = {frame for frame in {*old.frames(), *new.frames()} if old.on(frame) != new.on(frame)}
    fundamental = {*before.independent, *after.independent}
    if bool(old.masks) != bool(new.masks):
        return before.frames | after.frames
    if before.anchor != after.anchor or before.independent != after.independent or changed & fundamental:
        return before.frames | after.frames
    return _behind(changed & {*before.corrections, *after.corrections}, after)


def held_frames(old: Optional[ShotObject], new: Optional[ShotObject], shot: Shot) -> FrozenSet[int]:
    """Give the frames on which an object's matte changes because the masks it is held to do; none is tracked anew."""
    if old is None or new is None:
        return frozenset()

    def said(thing: ShotObject, frame: int) -> List[Tuple[str, str, Optional[str], bool]]:
        return [(held.kind, held.file(frame), held.layer, held.invert) for held in thing.held_on(frame)]

    return frozenset(frame for frame in shot.frames if said(old, frame) != said(new, frame))


def _behind(corrections: Iterable[int], course: Course) -> FrozenSet[int]:
    """Give the corrected frames and those tracked after them, in their sweep."""
    dirty: Set[int] = set()
    for sweep in (course.forward, course.backward):
        positions = [sweep.index(frame) for frame in corrections if frame in sweep]
        if positions:
            dirty.update(sweep[min(positions) :])
    return frozenset(dirty)


def _describes(prompts: Iterable[Prompt]) -> bool:
    """Tell whether prompts say what the object is, not only what it is not."""
    return any(not isinstance(prompt, Point) or prompt.positive for prompt in prompts)
