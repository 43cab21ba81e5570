"""What `mam2 matte` was asked for, and the same checked against what is on disk."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

from engine.cli.matte.options import Given, PromptFile, merge, read_objects, read_prompt_file
from engine.contract.errors import EngineError, OutputError, PromptError, ShotError
from engine.contract.held import HeldMask
from engine.contract.shot import MaskPrompt, Settings, Shot
from engine.contract.shot_json import shot_to_json
from engine.media.colour import DisplayTransform
from engine.media.further import COLOURS, Further, check_further, check_packing
from engine.media.masks import read_held, read_mask
from engine.media.mattes import COMPRESSIONS, FORMATS, MatteWriter, plain_name
from engine.media.plates import DisplayPlates, check_plates, open_plates
from engine.media.source import PlateSource
from engine.weights.automatic import AUTO, Choice, choose_model

DEVICES = ("auto", "cpu", "cuda", "mps")  # whether this machine has it is seen when the model is loaded
PREVIEWS = ("sheet", "movie")
STAGES = ("trimap", "alpha", "check")
_FILE_PATTERN = re.compile(r"(?:#+|%0?\d*d)[^#]*\.\w+$")


@dataclass(frozen=True)
class MatteRequest:
    """One call of `mam2 matte`, as parsed; None means that the option was not given.

    Attributes:
        plates: files as `engine.media.plates.open_plates` takes them.
        out: folder for the mattes.
        prompts: prompt options in the order of the command line.
        prompts_file: JSON with more prompts, perhaps with a whole shot.
        range: first and last frame.
        settings, finesse: the fields of `Settings` and of `Finesse` that were given.
        plate_layer: layer or part of the plate files that is the picture.
        name: first part of the mattes' file names; by default the plates' name and `_matte`.
        engine: have the shared engine compute, on its own devices.
        stage: only one part of the work, one of `STAGES`; None: all of it.
        frames: first and last frame to deliver, of those in the range.
        premult: R, G and B of the files are the objects' colours times their alphas.
        clean_plate: the plates, or one, without the objects.
        crop, compression: of EXR, as `engine.media.matte_files.write_exr` takes them.
    """

    plates: str
    out: Path
    prompts: tuple[Given, ...] = ()
    prompts_file: Path | None = None
    range: tuple[int, int] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    finesse: dict[str, Any] = field(default_factory=dict)
    model: str = AUTO
    device: str = "auto"
    layers: tuple[str, ...] = ("alpha",)
    format: str = "exr"
    preview: str | None = None
    resume: bool = False
    engine: bool = False
    plate_layer: str | None = None
    name: str | None = None
    stage: str | None = None
    frames: tuple[int, int] | None = None
    premult: bool = False
    clean_plate: Path | None = None
    crop: bool = False
    compression: str = "zip"

    @property
    def packed_as(self) -> tuple[str, ...]:
        """What a matte's signature covers of how its file is packed."""
        return (*(["crop"] if self.crop else []), *([] if self.compression == "zip" else [self.compression]))


@dataclass(frozen=True)
class MatteJob:
    """A request that can be carried out: plates exist, prompts are inside, options make sense, `auto` is resolved."""

    request: MatteRequest
    shot: Shot
    source: PlateSource
    plates: DisplayPlates
    colourspace: str
    name: str
    model: Choice
    further: Further

    @property
    def channels(self) -> int:
        """Channels of a frame's files that differ from each other: the alpha of all, and every object's layers."""
        shared = 3 * self.request.premult + 24 * ("cryptomatte" in self.request.layers)  # twelve, twice as wide
        colours = 3 * len({*self.request.layers} & {*COLOURS})
        return 1 + shared + len(self.shot.objects) * (len(self.further.of_matte) + colours)

    @property
    def identity(self) -> str:
        """A short text that two jobs share if they make the same mattes, perhaps of other frames."""
        request = self.request
        said = [shot_to_json(self.shot), self.colourspace, request.model, request.layers, request.format]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def delivers(self, frame: int) -> bool:
        """Tell whether a frame's files are wanted of this call."""
        first, last = self.request.frames or (frame, frame)
        return first <= frame <= last

    def writer(self) -> MatteWriter:
        """Make the writer of the mattes, and with it their folder.

        Raises:
            OutputError: as `MatteWriter`.
        """
        return MatteWriter(
            self.request.out,
            self.name,
            width=self.shot.width,
            height=self.shot.height,
            frames_padding=self.source.padding,
            layers=self.further.of_matte,
            objects=[thing.name for thing in self.shot.objects],
            format=self.request.format,
            tags=self.source.tags,
            crop=self.request.crop,
            compression=self.request.compression,
        )


@contextmanager
def checked(request: MatteRequest, stop: Event) -> Iterator[MatteJob]:
    """Check everything that can be checked without a model, and open the plates for as long as the job lasts.

    Raises:
        EngineError: the first thing that is wrong, cheapest checks first. Nothing has been written by then.
    """
    check_options(request)
    of_file = read_prompt_file(request.prompts_file) if request.prompts_file else PromptFile(())
    with open_plates(request.plates, layer=request.plate_layer) as source:
        transform = DisplayTransform(_settings(request, of_file).colourspace, source.encoding)
        shot = _shot(request, of_file, source)
        check_plates(source, *_plates_read(request, shot), stop)
        _check_masks(shot)
        name = request.name or plain_name(f"{source.name}_matte")
        named = of_file.model if request.model == AUTO and of_file.model else request.model
        model = choose_model(named, request.device)
        plates = DisplayPlates(source, transform)
        further = Further.of_plates(request.layers, transform, source, request.clean_plate, premult=request.premult)
        request = replace(request, model=model.model)
        yield MatteJob(request, shot, source, plates, transform.colourspace, name, model, further)


def check_not_over_plates(job: MatteJob, writer: MatteWriter) -> None:
    """Refuse to write a matte onto a plate.

    Raises:
        OutputError: `output.over_plates`.
    """
    taken = {job.source.path_of(frame).resolve() for frame in job.shot.frames}
    if any(writer.path_of(frame).resolve() in taken for frame in job.shot.frames):
        raise OutputError(
            "output.over_plates",
            f"The mattes would overwrite the plates in '{job.request.out}'.",
            "Give another folder with -o, or another --name.",
        )


def check_device(device: str, option: str = "--device") -> None:
    """Refuse what is not the name of a device.

    Raises:
        ShotError: `shot.device`.
    """
    if device.partition(":")[0] not in DEVICES:
        raise ShotError("shot.device", f"'{device}' is not a {option}.", f"Choose one of: {', '.join(DEVICES)}.")


def _plates_read(request: MatteRequest, shot: Shot) -> tuple[int, int]:
    """Give first and last of the plates that will be looked at: tracking passes all, the matter sees its own."""
    if request.frames is None or request.stage != "alpha":
        return shot.first, shot.last
    more = int(shot.settings.finesse.temporal)
    return max(request.frames[0] - more, shot.first), min(request.frames[1] + more, shot.last)


def check_options(request: MatteRequest) -> None:
    """Refuse options that make no sense, whatever the plates.

    Raises:
        ShotError, OutputError: the first that is wrong.
    """
    if request.stage and (request.engine or request.preview):
        raise ShotError(
            "shot.stage",
            f"--stage does not go together with {'--engine' if request.engine else '--preview'}.",
            "A stage computes on this machine, and its files are no finished shot: leave one of the two out.",
        )
    check_device(request.device)
    for option, value, allowed in (
        ("format", request.format, FORMATS),
        ("preview", request.preview or PREVIEWS[0], PREVIEWS),
        ("stage", request.stage or STAGES[0], STAGES),
        ("compression", request.compression, COMPRESSIONS),
    ):
        if value not in allowed:
            raise ShotError(
                f"shot.{option}", f"'{value}' is not a --{option}.", f"Choose one of: {', '.join(allowed)}."
            )
    check_further(request.layers, request.format, request.clean_plate, premult=request.premult)
    check_packing(
        *(request.layers, request.format), premult=request.premult, crop=request.crop, compression=request.compression
    )
    if request.preview and request.format != "exr" and "alpha" not in request.layers:
        raise OutputError("output.layer", "A preview needs the alpha.", "Add it: --layers alpha,...")
    if _FILE_PATTERN.search(request.out.name):
        raise OutputError(
            "output.not_a_folder",
            f"'{request.out}' is a file pattern, but -o takes a folder.",
            "Give the folder; --name begins the file names.",
        )
    if request.name is not None and (
        not request.name or Path(request.name).name != request.name or plain_name(request.name) != request.name
    ):
        raise OutputError(
            "output.name",
            f"'{request.name}' cannot begin a file name.",
            "Give a plain name, without # % [ ] and other signs that stand for something in hosts.",
        )


def _settings(request: MatteRequest, of_file: PromptFile) -> Settings:
    settings = of_file.settings or Settings()
    return replace(settings, finesse=replace(settings.finesse, **request.finesse), **request.settings)


def _shot(request: MatteRequest, of_file: PromptFile, source: PlateSource) -> Shot:
    first, last = request.range or of_file.range or (source.first, source.last)
    if of_file.size not in {None, source.size}:
        raise ShotError(
            "shot.size",
            f"The shot in '{request.prompts_file}' is for plates of another size than "
            f"{source.size[0]}x{source.size[1]}.",
            "Give the plates that the prompts were made on.",
        )
    objects = merge(of_file.objects, read_objects(request.prompts, first))
    return Shot(first, last, *source.size, objects, _settings(request, of_file))


def _check_masks(shot: Shot) -> None:
    for thing in shot.objects:
        for prompt in thing.prompts:
            if isinstance(prompt, MaskPrompt):
                try:
                    read_mask(prompt.path, (shot.width, shot.height))
                except EngineError as problem:
                    where = f"The mask of '{thing.name}' on frame {prompt.frame}"
                    raise type(problem)(problem.code, f"{where}: {problem.message}", problem.hint) from problem
        for held in thing.held:
            _check_held(thing.name, held, shot)


def _check_held(name: str, held: HeldMask, shot: Shot) -> None:
    """Look for every frame's file, and into the first one."""
    frames = held.frames(shot.frames)
    missing = [frame for frame in frames if not Path(held.file(frame)).is_file()]
    if not frames or missing:
        raise PromptError(
            "prompt.mask_unreadable",
            f"The {held.kind} mask of '{name}' has no file for frame {missing[0]}: '{held.file(missing[0])}'."
            if missing
            else f"The {held.kind} mask of '{name}' holds on no frame of the shot, {shot.first}-{shot.last}.",
            "Say on which frames it holds: FILE@FRAME, or FILE.####.exr@FIRST-LAST.",
        )
    read_held(held, frames[0], (shot.width, shot.height))
