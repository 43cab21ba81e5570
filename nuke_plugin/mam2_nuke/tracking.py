"""One track: plates go to the engine as they are rendered, mattes come back as they are done.

Runs in a thread beside an artist's session, or in the terminal's only one. Everything that touches Nuke goes through
`on_main`; the node is looked up anew each time, for it may have been deleted meanwhile.
"""

import hashlib
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

from . import plates, results
from .contract import EngineClient, EngineError
from .fetching import Fetcher, connect
from .holding import INPUTS
from .host import Progress, on_main
from .plain import PlainRead, plain_read
from .request import TrackRequest
from .sent import SentPlates
from .waiting import GRACE, Cancelled, answer

_POLL = 0.1
_ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Job:
    """What is to be done, read from the node before it began.

    Attributes:
        find: gives the node; raises `NodeGone`.
        requests: one a view.
        cache: the node's cache folder.
        before: the mattes that it has.
        preview: the frame of a preview; None: a track.
    """

    find: Callable[[], Any]
    requests: tuple[TrackRequest, ...]
    cache: Path
    before: Optional[results.Result]
    preview: Optional[int] = None


def begin(job: Job) -> results.Result:
    """Make the place for a job's mattes, with those that are right already.

    Raises:
        OSError: the cache cannot be written.
    """
    if job.preview is not None:
        return results.begin(job.cache / "preview", job.requests, None)
    return results.begin(job.cache, job.requests, job.before)


def run(job: Job, result: results.Result, progress: Progress, stop: threading.Event) -> None:
    """Do a job; every matte that comes is noted in `result`, however it ends.

    Raises:
        Cancelled: it was stopped.
        NodeGone: the node was deleted.
        EngineError: what went wrong. Mattes that are done stay.
        OSError: the cache cannot be written.
    """
    for request in job.requests:
        _OneView(job, request, result, progress, stop).run()


class _OneView:
    _client: EngineClient
    _inbox: Path
    _plain: Optional[PlainRead]

    def __init__(
        self, job: Job, request: TrackRequest, result: results.Result, progress: Progress, stop: threading.Event
    ) -> None:
        self._job, self._request, self._result = job, request, result
        self._progress, self._stop = progress, stop
        self._sign = results.signer(request, request.shot.settings.direction)

    def run(self) -> None:
        self._tell("asking the engine", 0, 1)
        self._client = answer(connect, self._heed_stop)
        try:
            self._track()
        finally:
            if not self._stopped:  # else a call that was given up may still use it
                self._client.close()

    def _track(self) -> None:
        request, shot, name = self._request, self._request.shot, self._request.name
        masks = self._masks("mask", request.masks.graph, request.mask_frames)
        held = {
            one.kind: str(self._masks(one.kind, one.above.graph + one.above.files, shot.frames)) for one in request.held
        }
        objects = request.with_masks([str(plates.file_of(masks, frame)) for frame in request.mask_frames], held)

        def declare() -> dict[str, Any]:
            return self._client.declare(
                *(name, shot.first, shot.last, shot.width, shot.height),
                settings=shot.settings,
                model=request.model,
                objects=objects,
                layers=request.layers,
            )

        declared = answer(declare, self._heed_stop)
        self._inbox = Path(declared["inbox"])
        self._plain = on_main(lambda: plain_read(self._job.find(), request.frame.size))
        sent = SentPlates(self._job.cache, request, declared["inbox"])
        if sent.are_others(declared["plates"]):  # of those it would have mattes at once, and be done with them
            answer(lambda: self._client.delete(name), self._heed_stop)
            declared = answer(declare, self._heed_stop)
        preview = self._job.preview
        task = answer(self._begin, self._heed_stop)
        fetcher = Fetcher(
            connect, name, task, lambda frame: self._result.path(request.view, frame), preview=preview is not None
        )
        fetcher.start()
        try:
            order = [preview] if preview is not None else plates.in_order(shot)
            known = sent.known(declared["plates"])
            self._send([frame for frame in order if frame not in known], sent, fetcher)
            while not fetcher.wait(_POLL):
                self._send(fetcher.take_missing(), sent, fetcher)
                self._check(fetcher)
            fetcher.verdict()
        except BaseException:
            if fetcher.state not in _ENDED:
                self._leave(task, fetcher)
            raise
        finally:
            sent.save()
            for frame in fetcher.done():
                self._result.frames[request.view][frame] = self._sign(frame)

    def _begin(self) -> str:
        """Begin the engine's job; one that nobody waits for any more is cancelled at once."""
        name, preview = self._request.name, self._job.preview
        task = self._client.preview(name, preview) if preview is not None else self._client.track(name)
        if self._stopped:
            self._client.cancel(task)
        return task

    def _masks(self, kind: str, above: str, frames: Sequence[int]) -> Path:
        """Render an input's frames, each under a name of its own that the engine may read at any time."""
        folder = self._job.cache / "masks" / hashlib.sha256(above.encode()).hexdigest()[:16] / self._request.view
        pattern, partial = folder / f"{kind}.%04d.exr", folder / "partial.%04d.exr"
        for some in plates.slices([frame for frame in frames if not plates.file_of(pattern, frame).is_file()]):
            self._tell(f"rendering the {kind} input", 0, 1)
            folder.mkdir(parents=True, exist_ok=True)
            self._render(plates.MASKS, some, partial, INPUTS.get(kind, 1) - 1)
            for frame in some:
                plates.file_of(partial, frame).replace(plates.file_of(pattern, frame))
        return pattern

    def _send(self, frames: list[int], sent: SentPlates, fetcher: Fetcher) -> None:
        pattern = self._inbox / "plate.%04d.exr"
        for some in plates.slices([one for one in frames if not self._is_passed_on(one, pattern, sent, fetcher)]):
            self._check(fetcher)
            if fetcher.ended:
                return
            try:
                self._render(plates.PLATES, some, pattern)
            finally:
                for frame in some:  # where one cannot be rendered, those before it can be matted
                    if plates.file_of(pattern, frame).is_file():
                        self._hand_over(frame, pattern.name % frame)
                        sent.add(frame)

    def _is_passed_on(self, frame: int, pattern: Path, sent: SentPlates, fetcher: Fetcher) -> bool:
        """Hand over the file of a plain Read as it is; tell whether nothing is left to do for a frame."""
        self._check(fetcher)
        if fetcher.ended:
            return True
        if self._plain is None or not self._plain.copy(frame, plates.file_of(pattern, frame)):
            return False
        self._hand_over(frame, pattern.name % frame)
        sent.add(frame)
        return True

    def _hand_over(self, frame: int, file: str) -> None:
        def hand_over() -> None:
            self._client.hand_over(self._request.name, frame, file)

        try:
            answer(hand_over, self._heed_stop)
        except EngineError as problem:
            if problem.code != "engine.unreachable":
                raise
            # It was killed; what it had acknowledged is on its disk, and perhaps this frame too.
            self._client = answer(connect, self._heed_stop)
            if (self._inbox / file).is_file():
                answer(hand_over, self._heed_stop)

    def _render(self, write: str, frames: list[int], pattern: Path, which: int = 0) -> None:
        while True:
            self._heed_stop()
            try:
                on_main(lambda: plates.render(self._job.find(), write, frames, pattern, self._request.view, which))
            except plates.Busy:
                time.sleep(_POLL)
            else:
                return

    def _check(self, fetcher: Fetcher) -> None:
        done = len(fetcher.done())
        self._tell("{} of {} mattes".format(done, fetcher.total or "?"), done, fetcher.total)
        self._heed_stop()

    @property
    def _stopped(self) -> bool:
        return self._stop.is_set() or self._progress.cancelled

    def _heed_stop(self) -> None:
        if self._stopped:
            raise Cancelled

    def _tell(self, message: str, done: int, total: int) -> None:
        view = self._request.view + ": " if self._request.view else ""
        self._progress.show(view + message, done, total)

    def _leave(self, task: str, fetcher: Fetcher) -> None:
        """Cancel the engine's job, and take the mattes that are still on their way if that is soon."""

        def cancel() -> None:
            with EngineClient(self._client.connection) as other:  # the first may be held by a call that was given up
                other.cancel(task)

        with suppress(EngineError, Cancelled):
            answer(cancel, self._heed_stop)
        fetcher.leave(GRACE)
