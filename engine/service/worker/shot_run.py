"""One shot in a worker: its session, kept from job to job, and its mattes on disk."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.contract.plan import plan_shot, visits
from engine.contract.shot import MaskPrompt
from engine.media.held_masks import read_held
from engine.media.masks import read_mask
from engine.media.matte_files import read_signature
from engine.media.mattes import LAYERS, MatteWriter
from engine.service.declaration import Declaration, tracked_frames
from engine.service.matte_state import signer
from engine.service.store import MATTE, StoredShot
from engine.service.worker.footage import Footage
from engine.session.matting import MatterLimits
from engine.session.results import FrameMattes
from engine.session.session import ShotSession
from engine.session.signature import file_digest

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Kept(Exception):  # noqa: N818 - not an error: a way out of a track between two frames
    def __init__(self, frame: int) -> None:
        super().__init__(frame)
        self.frame = frame


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
        self._session.rest()

    def close(self) -> None:
        """Let go of working files, and of what is held ready in memory."""
        self._tracking = None
        self._session.close()

    def serves(self, declaration: Declaration, direction: str | None) -> bool:
        """Tell whether this run can go on for a declaration: objects and prompts may differ, nothing else."""
        mine, other = self._shot, declaration.shot(direction)
        return mine.with_objects(other.objects) == other and self._masks == _mask_digests(self._declaration)

    def update(self, declaration: Declaration) -> None:
        """Take over the declaration's objects and prompts.

        Raises:
            ShotError, PromptError: they do not hold together.
        """
        if declaration.objects != self._declaration.objects:
            self._session.edit(declaration.objects)
            self._declaration, self._shot = declaration, declaration.shot(self._direction)
            self._masks = _mask_digests(declaration)
            self._prepare()
            self._tracking = None
            self._kept.clear()

    def begin(self) -> tuple[int, ...]:
        """Begin a track, and give the frames that will get mattes or keep right ones, in order."""
        self._tracking = None
        self._kept.clear()
        plan = visits(plan_shot(self._shot), lambda *_: False, lambda _: False)
        frames = tuple(visit.frame for visit in plan if visit.deliver)
        self._plates.follow([visit.frame for visit in plan])
        self._session.want(frames)
        return frames

    def missing(self) -> list[int]:
        """Give the frames to be tracked that have no plate yet."""
        there = set(self._stored.frames())
        return sorted(set(tracked_frames(self._shot)) - there)

    def use_limits(self, limits: MatterLimits) -> None:
        """Let the matter see less or more of a plate at once from here on."""
        self._session.use_limits(limits)

    def advance(self) -> tuple[int, bool] | None:
        """Do one frame of the track.

        Returns:
            The frame, whose mattes are on disk now, and whether they were there and right before; None at the end.

        Raises:
            PlateAwaited: a plate is not there yet; nothing is lost, ask again when it is.
            PlateReplaced: this run is of an older plate: make another.
            EngineError: what is wrong.
        """

        def skip(frame: int) -> bool:
            if frame in self._kept:
                return True
            if read_signature(self._stored.matte(frame), trust=True) != self._sign(frame):
                return False
            self._kept.add(frame)
            raise _Kept(frame)

        # A track that was left begins again where it was: the session knows what it has tracked.
        tracking, self._tracking = self._tracking or self._session.track(skip=skip), None
        try:
            mattes = next(tracking, None)
        except _Kept as kept:
            return kept.frame, True
        if mattes is None:
            return None
        self._write(self._mattes, mattes)
        self._tracking = tracking
        return mattes.frame, False

    def preview(self, frame: int) -> None:
        """Make one frame's mattes ahead of tracking.

        Raises:
            PlateAwaited: a plate that it needs is not there yet.
            PlateReplaced, EngineError: as `advance`.
        """
        self._write(self._previews, self._session.preview(frame))

    def _prepare(self) -> None:
        """Make what depends on objects and prompts, once rather than every frame."""
        self._sign = signer(self._declaration, self._direction, self._plates.digest)
        self._names = [thing.name for thing in self._shot.objects]
        self._mattes, self._previews = (
            MatteWriter(
                self._stored.folder / folder,
                MATTE,
                width=self._shot.width,
                height=self._shot.height,
                layers=LAYERS,
                objects=self._names,
            )
            for folder in ("mattes", "previews")
        )

    def _write(self, writer: MatteWriter, mattes: FrameMattes) -> None:
        layers = mattes.complete(self._names, self._shot.width, self._shot.height)
        writer.write(mattes.frame, layers, signature=self._sign(mattes.frame))


def _mask_digests(declaration: Declaration) -> dict[str, str]:
    """Give the hashes of the mask files that prompts name; of one that cannot be read the session tells."""
    digests = {}
    for thing in declaration.objects:
        for prompt in thing.prompts:
            if isinstance(prompt, MaskPrompt):
                with suppress(OSError):
                    digests[prompt.path] = file_digest(Path(prompt.path))
    return digests
