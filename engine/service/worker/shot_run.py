"""One shot in a worker: its session, kept from job to job, and its mattes on disk."""

from collections.abc import Callable, Iterator
from pathlib import Path

from engine.media.masks import read_mask
from engine.media.matte_files import read_signature
from engine.media.mattes import LAYERS, MatteWriter
from engine.model.mam2 import MAM2
from engine.service.declaration import Declaration, tracked_frames
from engine.service.matte_state import signer
from engine.service.store import MATTE, StoredShot
from engine.service.stored_plates import PlateAwaited, StoredPlates
from engine.session.features import FeatureCache
from engine.session.matting import MatterLimits
from engine.session.results import FrameMattes
from engine.session.session import ShotSession


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
        model: loaded.
        scratch: an empty folder for the session's working files.
        limits: how much of a plate the matter sees at once.
    """

    def __init__(
        self,
        stored: StoredShot,
        declaration: Declaration,
        direction: str | None,
        model: MAM2,
        scratch: Path,
        limits: MatterLimits,
    ) -> None:
        self._stored, self._declaration, self._direction = stored, declaration, direction
        self._shot = declaration.shot(direction)
        self._plates = StoredPlates(stored, (self._shot.width, self._shot.height), self._shot.settings.colourspace)
        self._tracking: Iterator[FrameMattes] | None = None
        self._used: dict[int, str] = {}
        self._kept: set[int] = set()
        self._session = ShotSession(
            model,
            self._shot,
            self._plates,
            features=FeatureCache(folder=scratch / "features"),
            folder=scratch,
            matter=limits,
            read_mask=read_mask,
        )

    def close(self) -> None:
        """Let go of working files."""
        self._session.close()

    def serves(self, declaration: Declaration, direction: str | None) -> bool:
        """Tell whether this run can go on for a declaration: objects and prompts may differ, nothing else."""
        mine, other = self._shot, declaration.shot(direction)
        same = declaration.model == self._declaration.model and mine.with_objects(other.objects) == other
        return same and all(self._digest(frame) == digest for frame, digest in self._used.items())

    def update(self, declaration: Declaration) -> None:
        """Take over the declaration's objects and prompts.

        Raises:
            ShotError, PromptError: they do not hold together.
        """
        if declaration.objects != self._declaration.objects:
            self._session.edit(declaration.objects)
            self._declaration, self._shot = declaration, declaration.shot(self._direction)
            self._tracking = None
            self._kept.clear()

    def begin(self) -> tuple[int, ...]:
        """Begin a track, and give the frames that will get mattes or keep right ones, in order."""
        self._tracking = None
        self._kept.clear()
        frames = tracked_frames(self._shot)
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
            EngineError: what is wrong.
        """
        writer, sign = self._writer("mattes"), self._signer()

        def skip(frame: int) -> bool:
            if frame in self._kept:
                return True
            if read_signature(writer.path_of(frame), trust=True) != sign(frame):
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
        self._write(writer, mattes, sign)
        self._tracking = tracking
        return mattes.frame, False

    def preview(self, frame: int) -> None:
        """Make one frame's mattes ahead of tracking.

        Raises:
            PlateAwaited: a plate that it needs is not there yet.
            EngineError: what is wrong.
        """
        self._write(self._writer("previews"), self._session.preview(frame), self._signer())

    def _write(self, writer: MatteWriter, mattes: FrameMattes, sign: Callable[[int], str]) -> None:
        names = [thing.name for thing in self._shot.objects]
        layers = mattes.complete(names, self._shot.width, self._shot.height)
        writer.write(mattes.frame, layers, signature=sign(mattes.frame))

    def _writer(self, folder: str) -> MatteWriter:
        return MatteWriter(
            self._stored.folder / folder,
            MATTE,
            width=self._shot.width,
            height=self._shot.height,
            layers=LAYERS,
            objects=[thing.name for thing in self._shot.objects],
        )

    def _signer(self) -> Callable[[int], str]:
        sign = signer(self._stored, self._declaration, self._direction)

        def note_and_sign(frame: int) -> str:
            digest = self._digest(frame)
            if digest is None:
                raise PlateAwaited(frame)
            self._used.setdefault(frame, digest)
            return sign(frame)

        return note_and_sign

    def _digest(self, frame: int) -> str | None:
        plate = self._stored.plate(frame)
        return None if plate is None else self._stored.digests.of(frame, plate)
