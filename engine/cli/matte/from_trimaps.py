"""The alpha stage of `mam2 matte`: each frame from its own plate and trimap, with no tracker, in any order."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TypeVar

from engine.cli.background import Interrupted
from engine.cli.matte.request import MatteJob
from engine.cli.matte.stages import Layer, Run, TrimapFiles
from engine.contract.plan import frames_beside, plan_shot
from engine.media.held_masks import read_held
from engine.media.mattes import Layers

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
