"""A shot under way: plates and prompts in, mattes out."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.contract.errors import ShotError
from engine.contract.plan import Visit, dirty_frames, held_frames, plan_shot, visits
from engine.contract.shot import Shot, ShotObject
from engine.model.mam2 import MAM2
from engine.model.ready.half import tracker_precision
from engine.model.tensors import Features, FrameMemory, FramePrompt, Memory, Step
from engine.session import fit
from engine.session.encode_ahead import EncodeAhead
from engine.session.features import FeatureCache
from engine.session.held import Held, ReadHeld, held_by_object
from engine.session.matting import MatterLimits
from engine.session.memory import MemoryBank, Selection, nearest, select
from engine.session.prompts import ReadMask, frame_prompt
from engine.session.record import Found, KeptAlpha, Record
from engine.session.results import FrameMattes, FrameTrimaps
from engine.session.side_by_side import frames_at_once, side_by_side
from engine.session.stages import mattes_of, trimaps_of
from engine.session.trimap_from_picture import trimap_from_picture

F = TypeVar("F", FrameMattes, FrameTrimaps)


class Plates(Protocol):
    """Where a session's plates come from."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of every plate in pixels."""

    def display(self, frame: int) -> npt.NDArray[np.float32]:
        """Give one plate (H, W, 3), display-referred sRGB in 0..1; an `EngineError` says why when it cannot."""


class ShotSession:
    """Tracks a shot's objects through its plates; one thread uses it, as a context manager.

    Nothing grows with the shot but a record on disk, which closing removes.

    Args:
        model: the model, on its device; it is put into evaluation mode.
        shot: what to matte.
        plates: the shot's plates, read one at a time.
        features: image features kept from elsewhere; None: a cache of the session's own.
        folder: where the record goes; None: the system's folder for temporary files.
        matter: how much the matter sees at once.
        read_mask: how mask prompts are read from files.
        read_held: how masks are read that objects are held to.

    Raises:
        ShotError: plates and shot differ in size.
    """

    def __init__(
        self,
        model: MAM2,
        shot: Shot,
        plates: Plates,
        *,
        features: FeatureCache | None = None,
        folder: Path | None = None,
        matter: MatterLimits = MatterLimits(),  # noqa: B008 - frozen
        read_mask: ReadMask | None = None,
        read_held: ReadHeld | None = None,
    ) -> None:
        if tuple(plates.size) != (shot.width, shot.height):
            raise ShotError(
                "shot.plate_size",
                f"The shot is {shot.width}x{shot.height}, but its plates are {plates.size[0]}x{plates.size[1]}.",
                "Declare the shot with the size of its plates.",
            )
        self._model = model.eval()
        self._device = next(model.parameters()).device
        self._shot = shot
        self._courses = plan_shot(shot)
        self._plates = plates
        self._limits = matter
        self._read_mask, self._read_held = read_mask, read_held
        self._scratch = tempfile.TemporaryDirectory(prefix="mam2-", dir=folder)
        scratch = Path(self._scratch.name)
        self._features = features or FeatureCache(folder=scratch / "features")
        self._record = Record(scratch / "record", self._device)
        self._banks: dict[tuple[str, bool], MemoryBank] = {}
        self._delivered: set[int] = set()
        self._ahead = EncodeAhead()
        self._held_plates: dict[int, Tensor] = {}

    def __enter__(self) -> "ShotSession":  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the session's record from disk and let go of all that is in memory."""
        self.rest()
        self._scratch.cleanup()

    def rest(self) -> None:
        """Let go of the plates and the memories held ready; the next frame that needs them gets the same anew."""
        self._ahead.rest()
        self._held_plates.clear()
        self._banks.clear()

    def frames_to_track(self) -> tuple[int, ...]:
        """Give the frames that `track` will yield, in order."""
        return tuple(visit.frame for visit in self._visits() if visit.deliver)

    def track(self, *, skip: Callable[[int], bool] | None = None) -> Iterator[FrameMattes]:
        """Track what is not tracked yet and yield the frames whose mattes are complete.

        Stopping early loses nothing: the next call goes on from there, and gives the frame yielded last once more.
        An edit ends a track that is under way.

        Args:
            skip: tells of a frame whether its mattes are there already: it is tracked, but neither matted nor yielded.
        """
        return self._deliver(self._mattes, skip)

    def track_trimaps(self, *, skip: Callable[[int], bool] | None = None) -> Iterator[FrameTrimaps]:
        """Track as `track` does, and yield what the matter starts from instead of mattes.

        `engine.session.stages.matte_trimaps` makes of it, anywhere and in any order, what `track` would have yielded.
        """
        return self._deliver(self._trimaps, skip)

    def _deliver(self, job: Callable[[int], Callable[[], F]], skip: Callable[[int], bool] | None) -> Iterator[F]:
        shot = self._shot
        at_once = frames_at_once(self._model.matter, (shot.width, shot.height), self._limits.frames)
        for found in side_by_side(self._jobs(job, skip, ahead=at_once > 1), at_once):
            yield found
            if self._shot is not shot:
                return
            self._delivered.add(found.frame)

    def _jobs(
        self, job: Callable[[int], Callable[[], F]], skip: Callable[[int], bool] | None, *, ahead: bool
    ) -> Iterator[Callable[[], F] | None]:
        """Track frame after frame and give what is left to do of each; None where that is nothing."""
        course = self._visits()
        for visit, following in zip_longest(course, course[1:]):
            if ahead:
                self._encode_ahead(visit, following)
            self.step(visit)
            if visit.deliver and not (skip and skip(visit.frame)):
                yield job(visit.frame)
            else:
                if visit.deliver:
                    self._delivered.add(visit.frame)
                yield None

    @torch.inference_mode()
    def step(self, visit: Visit) -> None:
        """Track the objects of one visit through its frame, side by side on one encoder pass."""
        with self._precision():
            for name in visit.objects:
                # An independent frame may have been decoded already, when an earlier frame recalled it.
                if not self._record.has(name, visit.frame):
                    memory = self._track(name, visit.frame, backward=visit.backward)
                    self._bank(name, backward=visit.backward).remember(visit.frame, memory)

    @torch.inference_mode()
    def preview(self, frame: int) -> FrameMattes:
        """Give one frame now, of every object: as tracking finds it where that is known, else from the nearest prompts.

        A correction on a tracked frame, or a first prompt, is previewed as tracking will find it. A preview has all
        threads, so that where a track gives each frame one, its alpha may be rounded otherwise (by some thousandths).

        Raises:
            ShotError: the frame is not in the shot.
        """
        if frame not in self._shot.frames:
            raise ShotError(
                "shot.outside_range",
                f"Frame {frame} is not in the shot, which runs {self._shot.first}-{self._shot.last}.",
                "Choose a frame of the shot or widen its range.",
            )
        with self._precision():
            found = {name: self._glimpse(name, frame) for name in self._courses}
        return self._matting(frame, found, self._kept(frame, may_keep=False))()

    def edit(self, objects: tuple[ShotObject, ...]) -> tuple[int, ...]:
        """Declare other objects and prompts; tracked frames that they do not touch are kept.

        Returns:
            The frames, ascending, whose mattes so far are no longer right. The next `track` gives those of them
            that an object still reaches.

        Raises:
            ShotError, PromptError: the declaration does not hold together; nothing has changed then.
        """
        shot = self._shot.with_objects(objects)
        old = {thing.name: thing for thing in self._shot.objects}
        new = {thing.name: thing for thing in objects}
        dirty: set[int] = set()
        for name in {**old, **new}:
            frames = dirty_frames(old.get(name), new.get(name), shot)
            self._record.forget(name, frames)
            dirty |= frames | held_frames(old.get(name), new.get(name), shot)
        self._shot, self._courses = shot, plan_shot(shot)
        self._delivered -= dirty
        self._banks.clear()
        return tuple(sorted(dirty))

    def want(self, frames: Iterable[int]) -> None:
        """Ask for these frames' mattes again, though `track` may have given them; they are not tracked anew."""
        self._delivered.difference_update(frames)

    @property
    def model(self) -> MAM2:
        """The model."""
        return self._model

    def use_limits(self, matter: MatterLimits) -> None:
        """Let the matter see more or less at once: of a plate from the next matte on, of frames from the next track."""
        self._limits = matter

    def _visits(self) -> list[Visit]:
        return visits(self._courses, self._record.has, self._delivered.__contains__)

    def _track(self, name: str, frame: int, *, backward: bool) -> FrameMemory:
        """Track one object through one frame, record what was found, and give what to remember of it."""
        step = self._look(name, frame, self._recall(name, frame, backward=backward))
        self._record.keep(name, frame, step)
        return step.memory

    def _look(self, name: str, frame: int, memory: Memory) -> Step:
        """Find one object on one frame, with what is said of it there and what may be recalled."""
        features = self._encode(frame)
        prompt, recalled = self._prompt(name, frame), None
        if prompt and frame not in self._courses[name].independent:
            recalled = self._model.recall(features, memory)
            untouched = self._model.decode_mask(features, recalled, None)
            prompt = prompt.refining(untouched.logits_b1hw, anew=False)
        step: Step = self._model(features, prompt, memory, self._shot.settings.mode, recalled)
        if self._model.config.trimap_from != "picture" or self._model.trimap is None:
            return step
        trimap, covers = trimap_from_picture(self._model.trimap, self._plate(frame), step.mask.logits_b1hw)
        return replace(step, trimap_b3hw=trimap, covers=covers)

    def _encode(self, frame: int) -> Features:
        def compute() -> Features:
            return self._ahead.take(frame) if self._ahead.has(frame) else self._encoded(self._plate(frame))

        return self._features.get(frame, compute).map(lambda tensor: tensor.to(self._device))

    @torch.inference_mode()
    def _encoded(self, plate_13hw: Tensor) -> Features:
        with self._precision():
            return self._model.encode(fit.to_square(plate_13hw, self._model.image_size))

    def _encode_ahead(self, visit: Visit, following: Visit | None) -> None:
        """Have a frame's plate encoded, and the next one's while the frame is tracked."""
        self._begin_encoding(visit, beside=visit.frame)
        if following:
            with suppress(Exception):  # what is wrong with that plate, or that it is awaited, is told in its turn
                self._begin_encoding(following, beside=visit.frame)

    def _begin_encoding(self, visit: Visit, *, beside: int) -> None:
        if visit.objects and not self._features.has(visit.frame):
            self._ahead.begin(visit.frame, partial(self._encoded, self._plate(visit.frame, beside=beside)))

    def _recall(self, name: str, frame: int, *, backward: bool) -> Memory:
        if frame in self._courses[name].independent:
            return Memory(frame - self._shot.first, len(self._shot.frames))
        return self._bank(name, backward=backward).recall(
            frame,
            self._selection(name, frame, backward=backward),
            partial(self._memory_of, name),
            self._shot.first,
            len(self._shot.frames),
            backward=backward,
        )

    def _prompt(self, name: str, frame: int) -> FramePrompt | None:
        said = next(thing for thing in self._shot.objects if thing.name == name).on(frame)
        if not said:
            return None
        size = (self._shot.width, self._shot.height)
        return frame_prompt(said, size, self._model.image_size, self._device, self._read_mask)

    def _selection(self, name: str, frame: int, *, backward: bool) -> Selection:
        course = self._courses[name]
        references = course.references(frame, backward=backward)
        return select(frame, references, course.sweep(backward=backward), backward=backward)

    def _bank(self, name: str, *, backward: bool) -> MemoryBank:
        return self._banks.setdefault((name, backward), MemoryBank())

    def _memory_of(self, name: str, frame: int) -> FrameMemory:
        """Give a recorded memory; SAM 2 recalls independent frames of the future too, so those are decoded now."""
        if self._record.has(name, frame):
            return self._record.memory(name, frame)
        if frame not in self._courses[name].independent:
            raise LookupError(f"frame {frame} of '{name}' is recalled before it is tracked")
        return self._track(name, frame, backward=False)

    def _glimpse(self, name: str, frame: int) -> Found:
        """Find an object on any frame: exactly where all that it recalls is known, else from the nearest prompts."""
        course = self._courses[name]
        backward = frame in course.backward
        if not self._record.has(name, frame) and self._is_due(name, frame, backward=backward):
            self._track(name, frame, backward=backward)
        if self._record.has(name, frame):
            return self._record.found(name, frame)
        near = nearest(frame, course.independent, count=2)
        memory = Memory(
            frame - self._shot.first,
            len(self._shot.frames),
            prompted={t - self._shot.first: self._memory_of(name, t) for t in near},
            backward=frame < near[0],  # object pointers are recalled from one side only
        )
        return Found.of(self._look(name, frame, memory))

    def _is_due(self, name: str, frame: int, *, backward: bool) -> bool:
        """Tell whether an object can be tracked on a frame now: all that it recalls is there, or needs no memory."""
        course = self._courses[name]
        if frame in course.independent:
            return True
        chosen = self._selection(name, frame, backward=backward)
        return course.reaches(frame) and all(
            self._record.has(name, t) or t in course.independent for t in (*chosen.prompted, *chosen.recent)
        )

    def _mattes(self, frame: int) -> Callable[[], FrameMattes]:
        return self._matting(frame, self._found(frame), self._kept(frame, may_keep=True))

    def _matting(self, frame: int, found: dict[str, Found], kept: dict[str, KeptAlpha]) -> Callable[[], FrameMattes]:
        held = self._held(frame, found)
        return partial(mattes_of, self._model.matter, self._plate(frame), frame, found, self._limits, kept, held)

    def _kept(self, frame: int, *, may_keep: bool) -> dict[str, KeptAlpha]:
        """Give the alphas that a correction of one object of several leaves as they are."""
        if len(self._courses) == 1:
            return {}
        asked = {thing.name for thing in self._shot.objects if any(h.asks_model for h in thing.held_on(frame))}
        tracked = (name for name in self._courses if self._record.has(name, frame) and name not in asked)
        return {name: self._record.alpha(name, frame, may_keep=may_keep) for name in tracked}

    def _trimaps(self, frame: int) -> Callable[[], FrameTrimaps]:
        found = self._found(frame)
        return partial(trimaps_of, frame, found, (self._shot.width, self._shot.height), self._held(frame, found))

    def _held(self, frame: int, names: Iterable[str]) -> dict[str, Held]:
        """Read what objects are held to on a frame."""
        said = {thing.name: thing.held_on(frame) for thing in self._shot.objects if thing.name in names}
        return held_by_object(said, frame, (self._shot.width, self._shot.height), self._read_held)

    def _found(self, frame: int) -> dict[str, Found]:
        reached = [name for name, course in self._courses.items() if course.reaches(frame)]
        return {name: self._record.found(name, frame) for name in reached}

    def _plate(self, frame: int, *, beside: int | None = None) -> Tensor:
        """Give a plate, and hold it ready; of those held before only `beside` stays."""
        if frame not in self._held_plates:
            self._held_plates = {held: plate for held, plate in self._held_plates.items() if held == beside}
            self._held_plates[frame] = fit.to_tensor(self._plates.display(frame), self._device)
        return self._held_plates[frame]

    def _precision(self) -> AbstractContextManager[object]:
        """Give the tracker's precision. The matter looks after its own: a soft alpha must not band."""
        precision = tracker_precision(self._model)
        return nullcontext() if precision is None else torch.autocast(self._device.type, precision)
