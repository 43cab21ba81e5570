"""Carrying out `mam2 matte`: check, load, track, write, preview."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event
from types import MappingProxyType
from typing import Any

from engine.cli.background import Interrupted, in_background
from engine.cli.matte.preview import Trimaps, frames_in_sheet, write_preview
from engine.cli.matte.progress import FrameProgress, show_progress
from engine.cli.matte.request import MatteJob, MatteRequest, check_not_over_plates, checked
from engine.cli.matte.stages import (
    Layer,
    Load,
    Run,
    TrimapFiles,
    check_mattes,
    check_trimaps,
    frames_looked_at,
    matte_tracked,
    track,
    whole,
)
from engine.cli.matte.stages import load as load_model
from engine.contract.errors import EngineError, ShotError
from engine.contract.finesse import NO_FINESSE
from engine.contract.frames import count, spell
from engine.contract.plan import Visit, plan_shot, visits
from engine.media.folders import OutputFolder, output_folder, scratch_folder
from engine.media.further import CRYPTOMATTE
from engine.media.mattes import MatteWriter
from engine.session.pipeline import Behind, frames_behind
from engine.session.results import Presence, Watched, lost_from
from engine.session.signature import signatures
from engine.weights.catalogue import find_files, weights_folder


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
        stage: the part of the work that it was; None: all. After `trimap`, the files are trimaps.
        advice: what would matte better; empty where nothing would.
        lost: by object, the frame of those made this time from which on it may be lost.
    """

    frames: tuple[int, ...]
    matted: int
    seconds: float
    pattern: Path
    channels: str
    previews: tuple[Path, ...]
    stage: str | None = None
    advice: str = ""
    lost: Mapping[str, int] = field(default_factory=dict)

    def summary(self) -> str:
        """Say it to a person."""
        pace = f" in {self.seconds:.1f} s, {self.matted / self.seconds:.2f} frames/s" if self.matted else ""
        kept = len(self.frames) - self.matted
        verb, noun = ("tracked", "trimaps") if self.stage == "trimap" else ("matted", "mattes")
        lines = [
            f"{count(self.matted)} {verb}{pace}" + (f"; {count(kept)} done before and still valid" if kept else "")
        ]
        lines.append(f"{noun:<9} {self.pattern}  frames {spell(self.frames)}")
        lines.append(f"channels  {self.channels}")
        lines += [f"preview   {path}" for path in self.previews]
        lines += [
            f"look at   '{name}' may be lost from frame {frame}: say there where it is, and --resume"
            for name, frame in self.lost.items()
        ]
        lines += [f"better    {self.advice}"] if self.advice else []
        lines.append(f"to look   {_TO_LOOK[self.pattern.suffix]}")
        return "\n".join(lines)


_TO_LOOK = {
    ".exr": "Nuke: Read with 'raw data' on, Copy its alpha; Fusion: Loader; or A in any viewer",
    ".png": "any viewer; Nuke: Read with 'raw data' on, Copy its red into alpha; Fusion: Loader",
}


def run_matte(request: MatteRequest, load: Load = load_model) -> MatteResult:
    """Matte a shot, or do one stage of it, showing how far it is on the standard error stream.

    Args:
        request: what to do.
        load: where the model comes from.

    Raises:
        EngineError: what is wrong with the input; frames finished by then stay, and nothing half-written does.
        Interrupted: after Ctrl-C; likewise.
    """
    with output_folder(request.out) as output, scratch_folder() as scratch, show_progress() as progress:
        try:
            return in_background(lambda stop: _matte(request, output, scratch, progress, stop, load))
        except Interrupted:
            progress.say(f"stopped: {_finished(progress.done, request.out)}")
            raise
        except EngineError:
            if progress.done:
                progress.say(f"{_finished(progress.done, request.out)}: --resume keeps what is there")
            raise


def _matte(
    request: MatteRequest, output: OutputFolder, scratch: Path, progress: FrameProgress, stop: Event, load: Load
) -> MatteResult:
    with checked(request, stop) as job:
        request = job.request
        model = find_files(request.model, weights_folder())
        output.prepare()
        chunk = request.frames is not None or request.stage in {"alpha", "check"}
        output.claim(job.name, job.identity, alone=not chunk)
        files = _files(job)
        plan = visits(plan_shot(job.shot), lambda *_: False, lambda _: False)
        frames = _delivered(job, plan)

        # Signed before anything is read: a plate that is rendered again meanwhile then counts as changed.
        if isinstance(files, TrimapFiles):
            own = _signed_trimaps(job, model.paths, frames)
        else:
            further = job.further
            signed_as = (*further.signed_as, *request.packed_as)
            sign = signatures(job.shot, further.fingerprint, job.colourspace, signed_as, model.paths)
            own = {frame: sign(frame) for frame in frames}
        if request.stage == "check":
            check_mattes(job, frames, own)
            return _result(job, frames, 0, 0.0)
        wanted = {frame for frame in frames if not (request.resume and files.signature(frame) == own[frame])}
        if request.stage == "alpha":
            check_trimaps(job, _signed_trimaps(job, model.paths, frames_looked_at(job, wanted)))
        warning = output.room_for(job.shot.width, job.shot.height, len(wanted), job.channels)
        progress.say(job.model.told)
        progress.say(_opening(job, frames))
        for told in (warning, *_neighbours(job)):
            if told:
                progress.say(f"warning: {told}")
        sheet = {*frames_in_sheet(job, frames)}
        made = _make(Run(job, scratch, progress, stop, load), wanted, files, own, sheet)
        return replace(_result(job, frames, len(wanted), made.seconds, made.trimaps), lost=_lost(job, made.seen))


def _signed_trimaps(job: MatteJob, weights: Iterable[Path], frames: Iterable[int]) -> dict[int, str]:
    """Sign trimaps: finesse, which comes after them, changes none."""
    shot = replace(job.shot, settings=replace(job.shot.settings, finesse=NO_FINESSE))
    layers = TrimapFiles(job).signed_as
    sign = signatures(shot, job.source.fingerprint, job.colourspace, layers, weights)
    return {frame: sign(frame) for frame in frames}


@dataclass(frozen=True)
class _Made:
    """What became of the frames that were wanted.

    Attributes:
        seconds: that they took.
        seen: how present each object was on them.
        trimaps: of the frames that a sheet shows.
    """

    seconds: float
    seen: Mapping[str, Mapping[int, Presence]]
    trimaps: Trimaps


def _make(
    run: Run, wanted: set[int], files: TrimapFiles | MatteWriter, signature: Mapping[int, str], sheet: set[int]
) -> _Made:
    """Make the frames that are wanted, and write each behind the next."""
    job, began = run.job, time.monotonic()
    seen: dict[str, dict[int, Presence]] = {thing.name: {} for thing in job.shot.objects}
    trimaps: dict[int, dict[str, Layer]] = {}

    def write(frame: int, found: Mapping[str, Any]) -> None:
        if isinstance(files, TrimapFiles):
            files.write(frame, found, signature=signature[frame])
        elif job.request.stage is not None:
            files.write(frame, found, signature=signature[frame], more=job.further.make(frame, found))
        else:
            watched = {name: Watched(matte) for name, matte in found.items()}
            mattes = {name: one.matte for name, one in watched.items()}
            files.write(frame, mattes, signature=signature[frame], more=job.further.make(frame, mattes))
            for name, one in watched.items():
                seen[name][frame] = one.presence or Presence.of(one.matte.mask_hw)
            if frame in sheet:
                trimaps[frame] = {name: matte.trimap_hw for name, matte in found.items()}
        run.progress.advance(frame)

    if wanted:
        shot = job.shot
        with Behind(most=frames_behind(shot.width, shot.height, len(shot.objects))) as behind:
            for frame, found in _MAKERS[job.request.stage](run, wanted):
                began = run.progress.began
                behind.put(partial(write, frame, found))
    return _Made(time.monotonic() - began, seen, trimaps)


def _neighbours(job: MatteJob) -> Iterator[str]:
    """Say what lies beside the mattes to be and could be taken for them."""
    out = job.request.out
    if job.source.path_of(job.shot.first).parent.resolve() == out.resolve():
        yield f"the mattes go into the plates' folder '{out}', which then holds two sequences"
    older, others = _older(job)
    if older:
        yield f"'{out}' keeps older mattes of frames {spell(older)}, which are outside this run's range"
    if others:
        yield f"'{out}' keeps older mattes of other objects or layers: {', '.join(others)}"


def _older(job: MatteJob) -> tuple[list[int], list[str]]:
    """Give frames outside the range, and objects and layers not of this run, that earlier runs have left."""
    frames: set[int] = set()
    others: set[str] = set()
    ends = _pattern(job).suffix
    own = {f"{thing.name}.{layer}" for thing in job.shot.objects for layer in job.further.of_matte}
    named = re.compile(rf"{re.escape(job.name)}\.(?:(?P<layer>.+)\.)?(?P<frame>-?\d+){re.escape(ends)}")
    for match in filter(None, (named.fullmatch(path.name) for path in job.request.out.glob(f"*{ends}"))):
        layer, frame = match["layer"], int(match["frame"])
        if (layer is None) != (job.request.format == "exr"):
            continue
        if layer is not None and layer not in own:
            others.add(layer)
        elif frame not in job.shot.frames:
            frames.add(frame)
    return sorted(frames), sorted(others)


def _lost(job: MatteJob, seen: Mapping[str, Mapping[int, Presence]]) -> dict[str, int]:
    lost, courses = {}, plan_shot(job.shot)
    for thing in (one for one in job.shot.objects if not one.masks):
        reached = set(courses[thing.name].frames)  # elsewhere its matte is empty, and ought to be
        found = {frame: one for frame, one in seen[thing.name].items() if frame in reached}
        first = lost_from(found, (prompt.frame for prompt in thing.prompts))
        if first is not None:
            lost[thing.name] = first
    return lost


_MAKERS: dict[str | None, Callable[[Run, set[int]], Iterator[tuple[int, Mapping[str, Any]]]]] = {
    None: whole,
    "trimap": track,
    "alpha": matte_tracked,
}


def _files(job: MatteJob) -> TrimapFiles | MatteWriter:
    if job.request.stage == "trimap":
        trimaps = TrimapFiles(job)
        trimaps.prepare()
        return trimaps
    writer = job.writer()
    check_not_over_plates(job, writer)
    return writer


def _delivered(job: MatteJob, plan: Sequence[Visit]) -> tuple[int, ...]:
    reached = sorted(visit.frame for visit in plan if visit.deliver)
    frames = tuple(frame for frame in reached if job.delivers(frame))
    if not frames:
        raise ShotError(
            "shot.frames",
            f"None of the frames asked for has a matte: tracking fills {spell(reached)}.",
            "Give --frames inside that range.",
        )
    return frames


def _result(
    job: MatteJob, frames: tuple[int, ...], made: int, seconds: float, trimaps: Trimaps = MappingProxyType({})
) -> MatteResult:
    previews = (write_preview(job, frames, trimaps),) if job.request.preview else ()
    if job.request.stage != "trimap":
        advice = "" if job.request.stage else job.model.advice
        return MatteResult(frames, made, seconds, _pattern(job), _layers(job), previews, job.request.stage, advice)
    files = TrimapFiles(job)
    names = (f"{thing.name}.{layer}" for thing in job.shot.objects for layer in files.layers)
    pattern = files.path_of(0).with_name(f"{job.name}.{'#' * job.source.padding}.exr")
    return MatteResult(frames, made, seconds, pattern, ", ".join(names), (), "trimap")


def _finished(done: int, out: Path) -> str:
    return f"{count(done)} finished, in {out}" if done else "no frame was finished"


def _opening(job: MatteJob, frames: tuple[int, ...]) -> str:
    names = ", ".join(thing.name for thing in job.shot.objects)
    return (
        f"{job.source.name}: {count(len(frames))} {spell(frames)}, {job.shot.width}x{job.shot.height}, "
        f"{', '.join((*job.source.remarks, job.colourspace))}; matting {names}"
    )


def _pattern(job: MatteJob) -> Path:
    number = "#" * job.source.padding
    last = f".{number}.exr" if job.request.format == "exr" else f".OBJECT.LAYER.{number}.png"
    return job.request.out / f"{job.name}{last}"


def _layers(job: MatteJob) -> str:
    named = ", ".join(name for thing in job.shot.objects for name in job.further.names(thing.name))
    if job.request.format != "exr":
        return named
    together = "RGBA (all objects together, premultiplied)" if job.request.premult else "RGBA (all objects together)"
    return f"{together}, {named}" + (", Cryptomatte" if CRYPTOMATTE in job.request.layers else "")
