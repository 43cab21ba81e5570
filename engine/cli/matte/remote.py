"""`mam2 matte --engine`: the same shot, tracked by the engine that hosts share."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from secrets import token_hex
from threading import Event

from engine.cli.background import Interrupted
from engine.cli.matte.options import with_paths
from engine.cli.matte.request import MatteJob
from engine.contract.client import EngineClient
from engine.contract.errors import EngineError, error_from_json
from engine.contract.launch import find_or_start
from engine.media.layers import PLAIN
from engine.media.matte_files import read_matte
from engine.media.sequences import SequenceSource
from engine.own_python import python_command
from engine.session.results import FrameMattes, ObjectMatte


def track_remotely(job: MatteJob, scratch: Path, wanted: set[int], stop: Event) -> Iterator[FrameMattes]:
    """Send the shot to the engine, starting one if there is none, and give the wanted frames as they are done.

    Raises:
        EngineError: what is wrong with the shot or with the engine.
        Interrupted: after Ctrl-C; the engine has left the shot.
    """
    name = f"cli-{token_hex(8)}"
    with find_or_start(python_command("engine", "serve")) as engine:
        try:
            task = _submit(engine, name, job, stop)
            for event in engine.events(task):
                if stop.is_set():
                    raise Interrupted
                if event.kind == "failed":
                    raise error_from_json(event.data["error"])
                if event.kind == "frame" and event.data["frame"] in wanted:
                    yield _fetch(engine, name, event.data["frame"], job, scratch)
        finally:
            with suppress(EngineError):
                engine.delete(name)


def _submit(engine: EngineClient, name: str, job: MatteJob, stop: Event) -> str:
    shot = job.shot
    # Resolved here, so that both ways of matting see the same colours whatever form the plates are sent in.
    settings = replace(shot.settings, colourspace=job.colourspace)
    model = Path(job.request.model)
    engine.declare(
        name,
        shot.first,
        shot.last,
        shot.width,
        shot.height,
        settings=settings,
        model=str(model.resolve()) if model.is_file() else job.request.model,
        objects=tuple(with_paths(thing, lambda file: str(Path(file).resolve())) for thing in shot.objects),
    )
    task = engine.track(name)
    for frame in shot.frames:
        if stop.is_set():
            raise Interrupted
        if isinstance(job.source, SequenceSource) and job.source.layer == PLAIN:
            engine.put_plate(name, frame, job.source.path_of(frame))
        else:
            pixels = job.source.read(frame).pixels_hwc
            height, width, channels = pixels.shape
            engine.put_pixels(name, frame, pixels, (height, width, channels), dtype="float32")
    return task


def _fetch(engine: EngineClient, name: str, frame: int, job: MatteJob, scratch: Path) -> FrameMattes:
    path = scratch / "matte.exr"
    engine.get_matte(name, frame, path)
    found = read_matte(path)
    mattes = {
        thing.name: ObjectMatte(
            found[f"{thing.name}.alpha"],
            partial(found.__getitem__, f"{thing.name}.trimap"),
            partial(found.__getitem__, f"{thing.name}.mask"),
        )
        for thing in job.shot.objects
    }
    return FrameMattes(frame, mattes)
