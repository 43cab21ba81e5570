"""Stages of `mam2 matte`: which mattes have to be made, how they are tracked, and made of trimaps kept before."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from glob import escape
from itertools import islice
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from engine.cli.background import Interrupted
from engine.cli.matte.progress import FrameProgress
from engine.cli.matte.request import MatteJob
from engine.contract.errors import OutputError
from engine.contract.frames import spell
from engine.contract.plan import frames_beside, plan_shot
from engine.media.atomic import make_folder
from engine.media.masks import read_held, read_mask
from engine.media.matte_files import read_matte, read_signature, write_exr
from engine.media.mattes import Layers, MatteWriter, check_length
from engine.session.results import ObjectTrimap

if TYPE_CHECKING:
    from engine.model.mam2 import MAM2
    from engine.session.session import ShotSession

FOLDER = "trimaps"

Layer = npt.NDArray[np.float32]
Load = Callable[[str, str], "MAM2"]
"""From a model's name or file and a device to the loaded model."""


def load(name: str, device: str) -> "MAM2":
    """Load a model; see `engine.weights.models.load_model`."""
    from engine.session.out_of_memory import LOAD, at_stage
    from engine.weights.models import load_model

    with at_stage(LOAD):
        return load_model(name, device=device)


class TrimapFiles:
    """`trimaps/NAME.####.exr` beside the mattes, to the bit what tracking gave.

    A file holds `OBJECT.trimap` for the objects that tracking reaches on its frame, and `OBJECT.mask` where the
    mattes are to have masks.

    Args:
        job: whose trimaps these are.
    """

    def __init__(self, job: MatteJob) -> None:
        self._job = job
        self.layers = ("trimap", "mask") if "mask" in job.request.layers else ("trimap",)

    @property
    def signed_as(self) -> tuple[str, ...]:
        """What a trimap's signature covers in place of the mattes' layers: no matte is taken for a trimap."""
        return ("stage", *self.layers)

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            OutputError: as `make_folder` and `check_length`.
        """
        check_length((self.path_of(0),))
        make_folder(self._folder)

    def path_of(self, frame: int) -> Path:
        """Give the file of a frame, whether it exists or not."""
        return self._folder / f"{self._job.name}.{frame:0{self._job.source.padding}d}.exr"

    def signature(self, frame: int) -> str | None:
        """Give the signature of a frame's file; None if it is missing or damaged."""
        return read_signature(self.path_of(frame))

    def write(self, frame: int, trimaps: Mapping[str, ObjectTrimap], *, signature: str) -> None:
        """Write one frame.

        Raises:
            OutputError: as `write_exr`.
        """
        channels = {
            f"{name}.{layer}": getattr(one, f"{layer}_hw") for name, one in trimaps.items() for layer in self.layers
        }
        write_exr(self.path_of(frame), channels, signature, exact=True, tags=self._job.source.tags(frame))

    def read(self, frame: int) -> dict[str, dict[str, Layer]]:
        """Give the layers of a frame's objects in the shot's order: `trimap`, and `mask` if there is one.

        Raises:
            PlateError: as `read_matte`.
        """
        found = read_matte(self.path_of(frame))
        names = (thing.name for thing in self._job.shot.objects if f"{thing.name}.trimap" in found)
        return {name: {layer: found[f"{name}.{layer}"] for layer in self.layers} for name in names}

    @property
    def _folder(self) -> Path:
        return self._job.request.out / FOLDER


@dataclass(frozen=True)
class Run:
    """One run of a job: where working files go, who is told how far it is, who says stop, where models come from."""

    job: MatteJob
    scratch: Path
    progress: FrameProgress
    stop: Event
    load: Load

    def model(self) -> "MAM2":
        """Load the job's model, saying so."""
        self.progress.wait_for(f"loading the model '{self.job.request.model}'")
        return self.load(self.job.request.model, self.job.request.device)

    def session(self) -> "ShotSession":
        """Make the session that tracks the job's shot."""
        from engine.session.session import ShotSession

        model, job = self.model(), self.job
        return ShotSession(model, job.shot, job.plates, folder=self.scratch, read_mask=read_mask, read_held=read_held)

    def skipping(self, wanted: set[int]) -> Callable[[int], bool]:
        """Give the test that tracking asks of every frame; it is where tracking can be stopped."""

        def skip(frame: int) -> bool:
            if self.stop.is_set():
                raise Interrupted
            return frame not in wanted

        return skip


def whole(run: Run, wanted: set[int]) -> Iterator[tuple[int, Mapping[str, Layers]]]:
    """Track the shot and matte the wanted frames, here or in the shared engine."""
    shot = run.job.shot
    names = [thing.name for thing in shot.objects]
    if run.job.request.engine:
        from engine.cli.matte.remote import track_remotely

        run.progress.wait_for("asking the engine")
        run.progress.begin(len(wanted))
        for mattes in track_remotely(run.job, run.scratch, wanted, run.stop):
            yield mattes.frame, mattes.complete(names, shot.width, shot.height)
        return
    from engine.session.ladder import track_within_memory

    with run.session() as session:
        run.progress.begin(len(wanted))
        # Once the last wanted frame is out, what is left of the plan would be tracked for nothing.
        for mattes in islice(track_within_memory(session, run.skipping(wanted)), len(wanted)):
            yield mattes.frame, mattes.complete(names, shot.width, shot.height)


def track(run: Run, wanted: set[int]) -> Iterator[tuple[int, Mapping[str, ObjectTrimap]]]:
    """Track the shot and give the trimaps of the wanted frames."""
    with run.session() as session:
        run.progress.begin(len(wanted))
        for trimaps in islice(session.track_trimaps(skip=run.skipping(wanted)), len(wanted)):
            yield trimaps.frame, trimaps.objects


def check_trimaps(job: MatteJob, signed: Mapping[int, str]) -> None:
    """Refuse to matte from trimaps that are not there or are another shot's.

    Args:
        job: what is to be matted.
        signed: the signatures that the trimaps should have, by frame.

    Raises:
        OutputError: `output.no_trimap`.
    """
    files = TrimapFiles(job)
    wrong = [frame for frame in sorted(signed) if files.signature(frame) != signed[frame]]
    if wrong:
        raise OutputError(
            "output.no_trimap",
            f"There is no valid trimap of {_named(wrong)} in '{job.request.out / FOLDER}'.",
            "Run --stage trimap first, with the same plates, prompts, model, layers and folder.",
        )


def check_mattes(job: MatteJob, frames: tuple[int, ...], signed: Mapping[int, str]) -> None:
    """Refuse a shot with mattes missing or not its own, and remove what killed runs have left half-written.

    Raises:
        OutputError: `output.incomplete`, naming the frames.
    """
    writer: MatteWriter = job.writer()
    found = {frame: writer.signature(frame) for frame in frames}
    missing = [frame for frame in frames if not writer.path_of(frame).exists()]
    wrong = [frame for frame in frames if frame not in missing and found[frame] != signed[frame]]
    if missing or wrong:
        said = [f"missing: {_named(missing)}"] if missing else []
        said += [f"damaged, or made from other plates, prompts or settings: {_named(wrong)}"] if wrong else []
        raise OutputError(
            "output.incomplete",
            f"The mattes in '{job.request.out}' are not complete. {'; '.join(said).capitalize()}.",
            "Run it again with --resume: it makes these frames and keeps the others.",
        )
    for folder in (job.request.out, job.request.out / FOLDER):
        for leftover in folder.glob(f".{escape(job.name)}.*.part.*"):
            leftover.unlink(missing_ok=True)


def _named(frames: list[int]) -> str:
    return f"frame{'' if len(frames) == 1 else 's'} {spell(frames)}"


T = TypeVar("T")


def frames_looked_at(job: MatteJob, wanted: Iterable[int]) -> set[int]:
    """Give the frames whose plates and trimaps are read for these: themselves, and where time counts those beside."""
    frames = set(wanted)
    if not job.shot.settings.finesse.temporal:
        return frames
    courses = plan_shot(job.shot)
    return frames.union(*(frames_beside(courses, frame) for frame in frames))


def matte_tracked(run: Run, wanted: set[int]) -> Iterator[tuple[int, Mapping[str, Layers]]]:
    """Matte the wanted frames from the trimaps on disk, which `check_trimaps` has looked at."""
    from engine.session import fit
    from engine.session.held import Held, held_by_object
    from engine.session.matting import MatterLimits, frames_at_once, matte_trimaps
    from engine.session.pipeline import in_order, read_ahead
    from engine.session.results import FrameMattes, ObjectMatte
    from engine.session.temporal import Unfinished, Window, guide_of, steadied
    from engine.weights.models import load_matter

    shot, files, display = run.job.shot, TrimapFiles(run.job), run.job.plates.display
    run.progress.wait_for(f"loading the matter of '{run.job.request.model}'")
    matter = load_matter(run.job.request.model, device=run.job.request.device)
    device, finesse = next(matter.parameters()).device, shot.settings.finesse
    names, size = [thing.name for thing in shot.objects], (shot.width, shot.height)

    def matted(frame: int, plate_hw3: Layer) -> tuple[FrameMattes, dict[str, Held]]:
        layers = files.read(frame)
        trimaps = {name: found["trimap"] for name, found in layers.items()}
        said = {thing.name: thing.held_on(frame) for thing in shot.objects if thing.name in trimaps}
        held = held_by_object(said, frame, size, read_held)
        made = None if finesse.temporal else finesse
        alphas = matte_trimaps(matter, plate_hw3, trimaps, device, held=held, finesse=made)
        mattes = {
            name: ObjectMatte(
                alphas[name],
                partial(held.get(name, Held()).on_pixels, trimap),
                partial(layers[name].__getitem__, "mask"),
            )
            for name, trimap in trimaps.items()
        }
        return FrameMattes(frame, mattes), held

    def whole(frame: int, plate_hw3: Layer) -> FrameMattes:
        return matted(frame, plate_hw3)[0]

    def unfinished(frame: int, plate_hw3: Layer) -> Unfinished:
        mattes, held = matted(frame, plate_hw3)
        return Unfinished(mattes, guide_of(fit.to_tensor(plate_hw3, device)), held)

    def jobs(make: Callable[[int, Layer], T]) -> Iterator[Callable[[], T]]:
        for frame, plate in read_ahead(sorted(frames_looked_at(run.job, wanted)), display):
            if run.stop.is_set():
                raise Interrupted
            yield partial(make, frame, plate)

    run.progress.begin(len(wanted))
    width = frames_at_once(matter, size, MatterLimits().frames)
    mattes: Iterator[FrameMattes]
    if finesse.temporal:
        beside = partial(frames_beside, plan_shot(shot))
        window = Window(beside, lambda frame: unfinished(frame, display(frame)), wanted=wanted)
        mattes = steadied(in_order(jobs(unfinished), width), window, finesse)
    else:
        mattes = in_order(jobs(whole), width)
    for one in mattes:
        yield one.frame, one.complete(names, *size)
