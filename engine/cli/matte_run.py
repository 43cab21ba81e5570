"""Carrying out `mam2 matte`: check, load, track, write, preview."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event

from engine.cli.background import Interrupted, in_background
from engine.cli.matte_request import MatteJob, MatteRequest, check_not_over_plates, checked
from engine.cli.output_folder import OutputFolder, output_folder, scratch_folder
from engine.cli.preview import write_preview
from engine.cli.progress import FrameProgress, show_progress
from engine.contract.errors import EngineError
from engine.contract.frames import count, spell
from engine.contract.plan import plan_shot, visits
from engine.media.masks import read_mask
from engine.model.catalogue import find_files, weights_folder
from engine.session.results import FrameMattes
from engine.session.signature import signatures


@dataclass(frozen=True)
class MatteResult:
    """What `mam2 matte` did.

    Attributes:
        frames: the frames that have mattes now, ascending.
        matted: how many of them were made this time.
        seconds: from the first plate to the last matte; loading the model is not counted.
        pattern: the mattes' files, `#` for the digits of the frame number.
        channels: names of the channels or layers in them.
        previews: pictures and movies for review.
    """

    frames: tuple[int, ...]
    matted: int
    seconds: float
    pattern: Path
    channels: str
    previews: tuple[Path, ...]

    def summary(self) -> str:
        """Say it to a person."""
        pace = f" in {self.seconds:.1f} s, {self.matted / self.seconds:.2f} frames/s" if self.matted else ""
        kept = len(self.frames) - self.matted
        lines = [
            f"{count(self.matted)} matted{pace}" + (f"; {count(kept)} done before and still valid" if kept else "")
        ]
        lines.append(f"mattes    {self.pattern}  frames {spell(self.frames)}")
        lines.append(f"channels  {self.channels}")
        lines += [f"preview   {path}" for path in self.previews]
        lines.append("to look   Nuke: Read with 'raw data' on, Copy its alpha; Fusion: Loader; or A in any viewer")
        return "\n".join(lines)


def run_matte(request: MatteRequest) -> MatteResult:
    """Matte a shot, showing how far it is on the standard error stream.

    Raises:
        EngineError: what is wrong with the input; frames finished by then stay, and nothing half-written does.
        Interrupted: after Ctrl-C; likewise.
    """
    with output_folder(request.out) as output, scratch_folder() as scratch, show_progress() as progress:
        try:
            return in_background(lambda stop: _matte(request, output, scratch, progress, stop))
        except Interrupted:
            progress.say(f"stopped: {_finished(progress.done, request.out)}")
            raise
        except EngineError:
            if progress.done:
                progress.say(f"{_finished(progress.done, request.out)}: --resume keeps what is there")
            raise


def _matte(
    request: MatteRequest, output: OutputFolder, scratch: Path, progress: FrameProgress, stop: Event
) -> MatteResult:
    with checked(request, stop) as job:
        model = find_files(request.model, weights_folder())
        output.prepare()
        writer = job.writer()
        check_not_over_plates(job, writer)
        plan = visits(plan_shot(job.shot), lambda *_: False, lambda _: False)
        frames = tuple(visit.frame for visit in plan if visit.deliver)
        sign = signatures(
            job.shot, job.source.fingerprint, job.colourspace, request.layers, (model.tracker, model.matter)
        )
        # Signed before anything is read: a plate that is rendered again meanwhile then counts as changed.
        signed = {frame: sign(frame) for frame in frames}
        wanted = {frame for frame in frames if not (request.resume and writer.signature(frame) == signed[frame])}
        warning = output.room_for(job.shot.width, job.shot.height, len(wanted), job.channels)
        progress.say(_opening(job, frames))
        if warning:
            progress.say(f"warning: {warning}")
        job.plates.follow([visit.frame for visit in plan])
        began = time.monotonic()
        if wanted:
            progress.wait_for("asking the engine" if request.engine else f"loading the model '{request.model}'")
            names = [thing.name for thing in job.shot.objects]
            for mattes in _track(job, scratch, progress, wanted, stop):
                began = progress.began
                layers = mattes.complete(names, job.shot.width, job.shot.height)
                writer.write(mattes.frame, layers, signature=signed[mattes.frame])
                progress.advance(mattes.frame)
        seconds = time.monotonic() - began
        previews = (write_preview(job, sorted(frames)),) if request.preview else ()
        return MatteResult(tuple(sorted(frames)), len(wanted), seconds, _pattern(job), _layers(job), previews)


def _track(
    job: MatteJob, scratch: Path, progress: FrameProgress, wanted: set[int], stop: Event
) -> Iterator[FrameMattes]:
    """Load the model, track the shot and give the wanted frames; or have the shared engine do it."""
    if job.request.engine:
        from engine.cli.matte_remote import track_remotely

        progress.begin(len(wanted))
        yield from track_remotely(job, scratch, wanted, stop)
        return
    from engine.model.checkpoints import load_model
    from engine.session.session import ShotSession

    def skip(frame: int) -> bool:
        if stop.is_set():
            raise Interrupted
        return frame not in wanted

    model = load_model(job.request.model, device=job.request.device)
    with ShotSession(model, job.shot, job.plates, folder=scratch, read_mask=read_mask) as session:
        progress.begin(len(wanted))
        # Once the last wanted frame is out, what is left of the plan would be tracked for nothing.
        yield from islice(session.track(skip=skip), len(wanted))


def _finished(done: int, out: Path) -> str:
    return f"{count(done)} finished, in {out}" if done else "no frame was finished"


def _opening(job: MatteJob, frames: tuple[int, ...]) -> str:
    names = ", ".join(thing.name for thing in job.shot.objects)
    return (
        f"{job.source.name}: {count(len(frames))} {spell(frames)}, {job.shot.width}x{job.shot.height}, "
        f"{job.colourspace}; matting {names}"
    )


def _pattern(job: MatteJob) -> Path:
    number = "#" * job.source.padding
    last = f".{number}.exr" if job.request.format == "exr" else f".OBJECT.LAYER.{number}.png"
    return job.request.out / f"{job.name}{last}"


def _layers(job: MatteJob) -> str:
    named = ", ".join(f"{thing.name}.{layer}" for thing in job.shot.objects for layer in job.request.layers)
    return f"RGBA (all objects together), {named}" if job.request.format == "exr" else named
