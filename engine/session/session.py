"""A shot under way: plates and prompts in, mattes out."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.contract.errors import ShotError
from engine.contract.finesse import Finesse
from engine.contract.plan import Visit, dirty_frames, frames_beside, held_frames, visits
from engine.contract.shot import Shot, ShotObject
from engine.model.mam2 import MAM2
from engine.session import fit
from engine.session.features import FeatureCache
from engine.session.held import Held, ReadHeld, held_by_object
from engine.session.masked import Masked
from engine.session.matting import MatterLimits, frames_at_once, trimaps_of
from engine.session.memory import Banks, Memories
from engine.session.pipeline import Pipeline
from engine.session.prompts import ReadMask
from engine.session.record import Found, KeptAlpha, Record
from engine.session.results import FrameMattes, FrameTrimaps
from engine.session.temporal import Unfinished, Window, guide_of, steadied
from engine.session.tracking import Tracking, encode, precision

F = TypeVar("F", FrameMattes, FrameTrimaps, Unfinished)


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
        self._limits = matter
        self._read_mask, self._read_held = read_mask, read_held
        self._scratch = tempfile.TemporaryDirectory(prefix="mam2-", dir=folder)
        scratch = Path(self._scratch.name)
        self._features = features or FeatureCache(folder=scratch / "features")
        device = next(model.parameters()).device
        self._pipeline = Pipeline(plates.display, partial(_load, device), partial(encode, model), self._features)
        self._record = Record(scratch / "record", device, later=self._pipeline.later)
        self._banks: Banks = {}
        self._delivered: set[int] = set()
        self._declare(shot)

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
        self._pipeline.rest()
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
        return self._steadied(skip) if self._shot.settings.finesse.temporal else self._deliver(self._mattes, skip)

    def track_trimaps(self, *, skip: Callable[[int], bool] | None = None) -> Iterator[FrameTrimaps]:
        """Track as `track` does, and yield what the matter starts from instead of mattes.

        `engine.session.matting.matte_trimaps` makes of it, anywhere and in any order, what `track` would have yielded.
        """
        return self._deliver(self._trimaps, skip)

    @torch.inference_mode()
    def preview(self, frame: int, width: int | None = None) -> FrameMattes:
        """Give one frame now, of every object: as tracking finds it where that is known, else from the nearest prompts.

        A correction on a tracked frame, or a first prompt, is previewed as tracking will find it. A preview has all
        threads, so that where a track gives each frame one, its alpha may be rounded otherwise (by some thousandths).
        It is not smoothed over time.

        Args:
            frame: which.
            width: at which it is shown, in pixels, for somebody who waits: the matter sees a plate no wider than that,
                and mattes are as small. Objects that are held to masks, or seen in part, are matted in full even so.

        Raises:
            ShotError: the frame is not in the shot.
        """
        if frame not in self._shot.frames:
            raise ShotError(
                "shot.outside_range",
                f"Frame {frame} is not in the shot, which runs {self._shot.first}-{self._shot.last}.",
                "Choose a frame of the shot or widen its range.",
            )
        with precision(self._model):
            found = {name: self._glimpse(name, frame) for name in self._memories.courses}
        self._pipeline.settle()
        held = self._held(frame, found)
        if width is not None and not held and all(one.covers is None for one in found.values()):
            return self._tracking.matting(frame, found, {}, self._limits, held, width=width)()
        kept = self._kept(frame, may_keep=False)
        return self._tracking.matting(frame, found, kept, self._limits, held)()

    def edit(self, objects: tuple[ShotObject, ...], finesse: Finesse | None = None) -> tuple[int, ...]:
        """Declare other objects and prompts, or other finesse; tracked frames that they do not touch are kept.

        Args:
            objects: all of them.
            finesse: None: as it is.

        Returns:
            The frames, ascending, whose mattes so far are no longer right. The next `track` gives those of them
            that an object still reaches.

        Raises:
            ShotError, PromptError: the declaration does not hold together; nothing has changed then.
        """
        settings = self._shot.settings
        shot = replace(self._shot, objects=objects, settings=replace(settings, finesse=finesse or settings.finesse))
        old = {thing.name: thing for thing in self._shot.objects}
        new = {thing.name: thing for thing in objects}
        dirty: set[int] = set()
        for name in {**old, **new}:
            frames = dirty_frames(old.get(name), new.get(name), shot)
            self._record.forget(name, frames)
            dirty |= frames | held_frames(old.get(name), new.get(name), shot)
        if shot.settings.finesse.temporal:
            dirty |= {near for frame in dirty for near in (frame - 1, frame + 1) if near in shot.frames}
        if shot.settings != settings:
            dirty |= self._delivered
        self._delivered -= dirty
        self._banks.clear()
        self._declare(shot)
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

    def _declare(self, shot: Shot) -> None:
        self._shot = shot
        self._memories = Memories(shot, self._record, self._banks)
        self._tracking = Tracking(self._model, shot, self._pipeline, self._record, self._memories, self._read_mask)
        self._masked = Masked(self._model, shot, self._pipeline, self._read_held)

    def _visits(self) -> list[Visit]:
        def tracked(name: str, frame: int) -> bool:
            return name in self._masked or self._record.has(name, frame)

        return visits(self._memories.courses, tracked, self._delivered.__contains__)

    def _deliver(
        self, rest: Callable[[int, dict[str, Found]], Callable[[], F]], skip: Callable[[int], bool] | None
    ) -> Iterator[F]:
        """Track what is to be tracked, do the rest of each frame that is wanted, and note what was given."""
        shot = self._shot

        def step(visit: Visit) -> Callable[[], F] | None:
            found = self._tracking.step(visit)
            if not visit.deliver:
                return None
            if skip and skip(visit.frame):
                self._delivered.add(visit.frame)
                return None
            return rest(visit.frame, self._found(visit.frame, found))

        width = frames_at_once(self._model.matter, (shot.width, shot.height), self._limits.frames)
        for given in self._pipeline.run(self._visits(), step, width):
            yield given
            if self._shot is not shot:
                return
            self._delivered.add(given.frame)

    def _steadied(self, skip: Callable[[int], bool] | None) -> Iterator[FrameMattes]:
        """Deliver frames that are smoothed over time: each once those beside it are matted too."""
        shot = self._shot

        def again(frame: int) -> Unfinished:
            return self._unfinished(frame, self._found(frame, {}))()

        window = Window(partial(frames_beside, self._memories.courses), again, passed=self._delivered)
        made = self._deliver(self._unfinished, window.skipping(skip or (lambda _: False)))
        try:
            for mattes in steadied(made, window, shot.settings.finesse):
                yield mattes
                if self._shot is not shot:
                    return
        finally:
            self._delivered -= window.asked

    def _unfinished(self, frame: int, found: dict[str, Found]) -> Callable[[], Unfinished]:
        kept, held = self._kept(frame, may_keep=True), self._held(frame, found)
        make = self._tracking.matting(frame, found, kept, self._limits, held, finish=False)
        plate = self._pipeline.plate(frame)
        return lambda: Unfinished(make(), guide_of(plate), held)

    def _mattes(self, frame: int, found: dict[str, Found]) -> Callable[[], FrameMattes]:
        kept, held = self._kept(frame, may_keep=True), self._held(frame, found)
        return self._tracking.matting(frame, found, kept, self._limits, held)

    def _trimaps(self, frame: int, found: dict[str, Found]) -> Callable[[], FrameTrimaps]:
        return partial(trimaps_of, frame, found, (self._shot.width, self._shot.height), self._held(frame, found))

    def _held(self, frame: int, names: Iterable[str]) -> dict[str, Held]:
        """Read what objects are held to on a frame."""
        said = {thing.name: thing.held_on(frame) for thing in self._shot.objects if thing.name in names}
        return held_by_object(said, frame, (self._shot.width, self._shot.height), self._read_held)

    def _found(self, frame: int, lately: dict[str, Found]) -> dict[str, Found]:
        """Give what was found on a frame of every object: just now, or in an earlier visit."""
        reached = [name for name, course in self._memories.courses.items() if course.reaches(frame)]
        found = {name: lately.get(name) or self._masked.found(name, frame) for name in reached}
        return {name: one or self._record.found(name, frame) for name, one in found.items()}

    def _glimpse(self, name: str, frame: int) -> Found:
        """Find an object on any frame: exactly where all that it recalls is known, else from the nearest prompts."""
        given = self._masked.found(name, frame)
        if given or self._record.has(name, frame):
            return given or self._record.found(name, frame)
        backward = frame in self._memories.courses[name].backward
        if self._memories.are_there(name, frame, backward=backward):
            return Found.of(self._tracking.track(name, frame, backward=backward))
        near = self._memories.of_nearest(name, frame, self._tracking.track)
        return Found.of(self._tracking.look(name, frame, near))

    def _kept(self, frame: int, *, may_keep: bool) -> dict[str, KeptAlpha]:
        """Give the alphas that a correction of one object of several leaves as they are."""
        if len(self._memories.courses) == 1:
            return {}
        asked = {thing.name for thing in self._shot.objects if any(h.asks_model for h in thing.held_on(frame))}
        tracked = (n for n in self._memories.courses if self._record.has(n, frame) and n not in asked)
        return {name: self._record.alpha(name, frame, may_keep=may_keep) for name in tracked}


def _load(device: torch.device, display_hw3: npt.NDArray[np.float32]) -> Tensor:
    return fit.to_tensor(display_hw3, device)
