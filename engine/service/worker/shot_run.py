"""One shot in a worker: its session, kept from job to job, and its mattes on disk."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.contract.plan import plan_shot, visits
from engine.contract.shot import MaskPrompt
from engine.media.further import PREMULT, Further
from engine.media.masks import read_held, read_mask
from engine.media.matte_files import read_signature
from engine.media.mattes import LAYERS, MatteWriter
from engine.model.mam2 import MAM2
from engine.service.declaration import Declaration, tracked_frames
from engine.service.matte_states import note_presence, signer
from engine.service.store import MATTE, StoredShot
from engine.service.stored_plates import StoredPlates
from engine.session.features import FeatureCache
from engine.session.fit import to_tensor
from engine.session.matting import MatterLimits
from engine.session.pipeline import Behind, frames_behind
from engine.session.results import FrameMattes, ObjectMatte, Watched
from engine.session.session import ShotSession
from engine.session.signature import file_digest
from engine.session.tracking import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

Report = Callable[[int, bool], None]
"""Told a frame whose mattes are on disk now, and whether they were there and right before; by any thread."""


class _Kept(Exception):  # noqa: N818 - not an error: a way out of a track between two frames
    def __init__(self, frame: int) -> None:
        super().__init__(frame)
        self.frame = frame


class Footage:
    """A stored shot's plates and their features: each plate is encoded once, whichever way the shot is tracked.

    Args:
        stored: the shot.
        declaration: for its size and its plates' colour space.
        model: loaded.
        folder: an empty folder for the features.

    Attributes:
        model, plates, features: what a run needs.
    """

    def __init__(self, stored: StoredShot, declaration: Declaration, model: MAM2, folder: Path) -> None:
        self.model = model.eval()
        self._seen_as = _seen_as(declaration)
        self.plates = StoredPlates(stored, (declaration.width, declaration.height), declaration.settings.colourspace)
        self.features = FeatureCache(folder=folder)

    def serves(self, declaration: Declaration, model: MAM2) -> bool:
        """Tell whether features are what this model would make of these plates."""
        return model is self.model and _seen_as(declaration) == self._seen_as

    def encode(self, frame: int) -> None:
        """Have a plate's features, unless they are there already."""
        device = next(self.model.parameters()).device
        self.features.get(frame, lambda: encode(self.model, to_tensor(self.plates.display(frame), device)))

    def forget(self, frames: Iterable[int]) -> None:
        """Let go of what is known of plates that were replaced."""
        self.plates.forget(frames)
        self.features.forget(frames)


class ShotRun:
    """A stored shot being tracked in one direction.

    Args:
        stored: the shot.
        declaration: what is tracked.
        direction: which way; None: as declared.
        footage: the shot's plates and their features.
        scratch: a folder for the session's working files.
        limits: how much of a plate the matter sees at once.
    """

    def __init__(
        self,
        stored: StoredShot,
        declaration: Declaration,
        direction: str | None,
        footage: Footage,
        scratch: Path,
        limits: MatterLimits,
    ) -> None:
        self._stored, self._declaration, self._direction = stored, declaration, direction
        self._shot = declaration.shot(direction)
        self._masks = _mask_digests(declaration)
        self._plates = footage.plates
        self._tracking: Iterator[FrameMattes] | None = None
        self._kept: set[int] = set()
        self._unwritten: set[int] = set()
        self._failed: Exception | None = None
        self._session = ShotSession(
            footage.model,
            self._shot,
            footage.plates,
            features=footage.features,
            folder=scratch,
            matter=limits,
            read_mask=read_mask,
            read_held=read_held,
        )
        self._prepare()

    def rest(self) -> None:
        """Let go of what is held ready in memory; a track that was left goes on where it was."""
        self._tracking = None
        self.settle()
        self._session.rest()

    def close(self) -> None:
        """Let go of working files, and of what is held ready in memory."""
        self._tracking = None
        self.settle()
        self._session.close()

    def serves(self, declaration: Declaration, direction: str | None) -> bool:
        """Tell whether this run can go on for a declaration: objects, prompts and finesse may differ, nothing else."""
        mine, other = self._shot, declaration.shot(direction)
        settings = replace(mine.settings, finesse=other.settings.finesse)
        same = replace(mine, objects=other.objects, settings=settings) == other
        return same and self._masks == _mask_digests(self._declaration)

    def update(self, declaration: Declaration) -> None:
        """Take over the declaration's objects, prompts, finesse and layers.

        Raises:
            ShotError, PromptError: they do not hold together.
        """
        mine, finesse = self._declaration, declaration.settings.finesse
        now = declaration.objects, declaration.layers, finesse
        if now != (mine.objects, mine.layers, mine.settings.finesse):
            self.settle()
            self._session.edit(declaration.objects, finesse)
            self._declaration, self._shot = declaration, declaration.shot(self._direction)
            self._masks = _mask_digests(declaration)
            self._prepare()
            self._tracking = None
            self._kept.clear()

    def begin(self) -> tuple[int, ...]:
        """Begin a track, and give the frames that will get mattes or keep right ones, in order."""
        self._tracking = None
        self.settle()
        self._failed = None
        self._kept.clear()
        plan = visits(plan_shot(self._shot), lambda *_: False, lambda _: False)
        frames = tuple(visit.frame for visit in plan if visit.deliver)
        self._session.want(frames)
        return frames

    def missing(self) -> list[int]:
        """Give the frames to be tracked that have no plate yet."""
        there = set(self._stored.frames())
        return sorted(set(tracked_frames(self._shot)) - there)

    def use_limits(self, limits: MatterLimits) -> None:
        """Let the matter see less or more of a plate at once from here on."""
        self._session.use_limits(limits)

    def advance(self, report: Report) -> bool:
        """Do one frame of the track; its mattes are written while the next is made. False at the end.

        Args:
            report: hears of the frame once its mattes are on disk.

        Raises:
            PlateAwaited: a plate is not there yet; nothing is lost, ask again when it is.
            PlateReplaced: this run is of an older plate: make another.
            EngineError: what is wrong, be it with a frame made before that could not be written.
        """

        def skip(frame: int) -> bool:
            if frame in self._kept:
                return True
            if read_signature(self._stored.matte(frame), trust=True) != self._sign(frame):
                return False
            self._kept.add(frame)
            raise _Kept(frame)

        failed, self._failed = self._failed, None
        if failed is not None:
            self._tracking = None
            raise failed
        # A track that was left begins again where it was: the session knows what it has tracked.
        tracking, self._tracking = self._tracking or self._session.track(skip=skip), None
        try:
            mattes = next(tracking, None)
        except _Kept as kept:
            report(kept.frame, True)
            return True
        except Exception:
            self._finish()
            raise
        if mattes is None:
            self._finish()
            return False
        self._write_behind(mattes, report)
        self._tracking = tracking
        return True

    def settle(self) -> None:
        """Wait until all that was made is on disk; of what could not be written `advance` tells."""
        try:
            self._finish()
        except Exception as problem:  # noqa: BLE001 - raised where the track goes on
            self._failed = problem
        self._behind.rest()

    def preview(self, frame: int, width: int | None = None) -> None:
        """Make one frame's mattes ahead of tracking; with a width, perhaps as small as that: see `ShotSession`.

        Raises:
            PlateAwaited: a plate that it needs is not there yet.
            PlateReplaced, EngineError: as `advance`.
        """
        found = self._session.preview(frame, width)
        size = self._shot.width, self._shot.height
        for matte in found.objects.values():
            size = matte.alpha_hw.shape[1], matte.alpha_hw.shape[0]
        # Unsigned: nobody asks whether a preview is right, and most of what a track would have seen may not be there.
        mattes = found.complete(self._names, *size)
        more = self._further.make(frame, mattes) if width is None else None
        self._writer("previews", size).write(frame, mattes, more=more)

    def _prepare(self) -> None:
        """Make what depends on objects and prompts, once rather than every frame."""
        self._sign = signer(self._declaration, self._direction, self._plates.digest)
        self._names = [thing.name for thing in self._shot.objects]
        layers, size = self._declaration.layers, (self._shot.width, self._shot.height)
        plates = self._plates
        self._further = Further(layers, PREMULT in layers, size, plates.linear, None, plates.digest)
        self._behind = Behind(most=frames_behind(self._shot.width, self._shot.height, len(self._names)))
        self._mattes = self._writer("mattes", (self._shot.width, self._shot.height))

    def _writer(self, folder: str, size: tuple[int, int]) -> MatteWriter:
        return MatteWriter(
            self._stored.folder / folder,
            MATTE,
            width=size[0],
            height=size[1],
            layers=LAYERS,
            objects=self._names,
            tags=self._plates.tags,
        )

    def _write_behind(self, mattes: FrameMattes, report: Report) -> None:
        """Hand a frame's mattes on to be written; raises what went wrong with those before."""
        frame, signature = mattes.frame, self._sign(mattes.frame)

        def write(writer: MatteWriter) -> None:
            watched = {name: Watched(matte) for name, matte in self._complete(mattes).items()}
            made = {name: one.matte for name, one in watched.items()}
            writer.write(frame, made, signature=signature, more=self._further.make(frame, made))
            seen = {name: watched[name].presence for name in mattes.objects}
            note_presence(self._stored, frame, {name: one for name, one in seen.items() if one is not None})
            self._unwritten.discard(frame)
            report(frame, False)

        self._unwritten.add(frame)
        try:
            self._behind.put(partial(write, self._mattes))
        except BaseException:
            self._finish()
            raise

    def _finish(self) -> None:
        """Wait for what is being written; raises what went wrong with it."""
        try:
            self._behind.settle()
        finally:
            self._session.want(self._unwritten)
            self._unwritten.clear()

    def _complete(self, mattes: FrameMattes) -> dict[str, ObjectMatte]:
        return mattes.complete(self._names, self._shot.width, self._shot.height)


def _seen_as(declaration: Declaration) -> tuple[int, int, str | None]:
    return declaration.width, declaration.height, declaration.settings.colourspace


def _mask_digests(declaration: Declaration) -> dict[str, str]:
    """Give the hashes of the mask files that prompts name; of one that cannot be read the session tells."""
    digests = {}
    for thing in declaration.objects:
        for prompt in thing.prompts:
            if isinstance(prompt, MaskPrompt):
                with suppress(OSError):
                    digests[prompt.path] = file_digest(Path(prompt.file))
    return digests
