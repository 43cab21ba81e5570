"""Options of `mam2 matte` as typed: their order, prompts as the contract's objects, how mattes are written."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from engine.contract.errors import EngineError, PromptError, ShotError
from engine.contract.held import HeldMask
from engine.contract.shot import Box, MaskPrompt, Point, Prompt, Settings, ShotObject
from engine.contract.shot_json import FILE_KEYS, objects_from_json, refuse_unknown, shot_from_json

ORDER = "engine.cli.order"
ARGUMENTS = "engine.cli.arguments"

MATTES = "Mattes"

Layers = Annotated[
    str,
    typer.Option(
        metavar="alpha,trimap,mask,fg,despill,bg,cryptomatte",
        help="What to write: also foreground colours, what they correct, the background, IDs.",
        rich_help_panel=MATTES,
    ),
]
Format = Annotated[str, typer.Option("--format", metavar="exr|png16", help="File format.", rich_help_panel=MATTES)]
Name = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Begins the files' names.  [dim]\\[default: PLATES_matte][/]", rich_help_panel=MATTES
    ),
]


def colourspace_option(panel: str | None = None) -> Any:
    """Give the option that names the plates' colour space, for a panel of a verb's help."""
    return typer.Option(
        "--colourspace",
        "--colorspace",
        metavar="NAME",
        help="Of the plates, in the OpenColorIO configuration.  [dim]\\[default: by file type][/]",
        rich_help_panel=panel,
    )


FINESSE = "Finesse, on every object's finished alpha"

Temporal = Annotated[
    bool | None,
    typer.Option(
        "--temporal/--no-temporal",
        help="Smooth alpha that flickers where the plate does not.",
        rich_help_panel=FINESSE,
        show_default=False,
    ),
]
RemoveSpecks = Annotated[
    int | None,
    typer.Option(metavar="AREA", help="Remove pieces smaller than so many pixels.", rich_help_panel=FINESSE),
]
FillHoles = Annotated[
    int | None, typer.Option(metavar="AREA", help="Fill holes smaller than so many pixels.", rich_help_panel=FINESSE)
]
Shrink = Annotated[float | None, typer.Option(metavar="PIXELS", help="Shrink alpha.", rich_help_panel=FINESSE)]
Grow = Annotated[float | None, typer.Option(metavar="PIXELS", help="Grow alpha.", rich_help_panel=FINESSE)]
Soften = Annotated[float | None, typer.Option(metavar="PIXELS", help="Blur alpha.", rich_help_panel=FINESSE)]
Gamma = Annotated[
    float | None, typer.Option(metavar="GAMMA", help="Above 1 the edge gets fuller.", rich_help_panel=FINESSE)
]

DEFAULT_OBJECT = "object"
HELD_OPTIONS = ("core", "not_core", "garbage", "not_garbage", "unknown", "trimap", "masks")
PROMPT_OPTIONS = ("point", "not_point", "box", "mask", *HELD_OPTIONS, "object_")

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_NUMBERS = re.compile(rf"\s*{_NUMBER}\s*(?:,\s*{_NUMBER}\s*)*")
_AT_FRAME = re.compile(r"(?P<what>.*)@(?P<frame>[-+]?\d+)", re.DOTALL)
_AT_FRAMES = re.compile(r"(?P<what>.*)@(?P<first>[-+]?\d+)(?:-(?P<last>[-+]?\d+))?", re.DOTALL)
_LAYERED = re.compile(r"(?P<file>.+\.\w+):(?P<layer>[^:/\\]+)", re.DOTALL)
_COUNTED = re.compile(r"\s*(?P<first>-?\d+)\s*\+\s*(?P<count>[1-9]\d*)\s*")
_RANGE = re.compile(r"\s*(?P<first>-?\d+)(?:\s*-\s*(?P<last>-?\d+))?\s*")


class OrderedCommand(TyperCommand):
    """Leaves in `ctx.meta` every option of the command line, in order, before they are collected by name.

    `ctx.meta[ORDER]` is a tuple of (parameter name, value as typed), one for each occurrence;
    `ctx.meta[ARGUMENTS]` the arguments themselves.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse once for the order and once, as always, for the values."""
        # The same parser reads the line, so `--point=1,2`, `-o OUT` and `--` mean here what they mean there.
        values, _, occurrences = self.make_parser(ctx).parse_args(args=list(args))
        left = {name: list(value) if isinstance(value, list) else [value] for name, value in values.items()}
        ctx.meta[ARGUMENTS] = tuple(args)
        ctx.meta[ORDER] = tuple((one.name, left[one.name].pop(0)) for one in occurrences if left.get(one.name))
        return super().parse_args(ctx, args)


@dataclass(frozen=True)
class Given:
    """One prompt or mask option as typed: `option` is one of PROMPT_OPTIONS, in the order of the command line."""

    option: str
    value: str

    @property
    def spelled(self) -> str:
        """The option with its value, as it stands on the command line."""
        return f"--{self.option.rstrip('_').replace('_', '-')} {self.value}"


@dataclass(frozen=True)
class PromptFile:
    """What a prompts file says: objects always; range, plate size and settings where it holds a whole shot.

    Attributes:
        model: what mattes it; empty where the file does not say.
    """

    objects: tuple[ShotObject, ...]
    range: tuple[int, int] | None = None
    size: tuple[int, int] | None = None
    settings: Settings | None = None
    model: str = ""


def read_finesse(shrink: float | None, grow: float | None, **rest: Any) -> dict[str, Any]:
    """Give the fields of `Finesse` that were given.

    Raises:
        ShotError: `shot.finesse`: both ways at once, or the wrong way round.
    """
    if shrink is not None and grow is not None:
        raise ShotError("shot.finesse", "--shrink and --grow undo each other.", "Give one of them.")
    for option, other, size in (("--shrink", "--grow", shrink), ("--grow", "--shrink", grow)):
        if size is not None and size < 0:
            raise ShotError("shot.finesse", f"{option} cannot be {size:g}.", f"Give {other} {-size:g}.")
    size = grow if shrink is None else -shrink
    return {name: value for name, value in {"grow": size, **rest}.items() if value is not None}


def read_layers(text: str) -> tuple[str, ...]:
    """Read the names that `--layers` lists, with commas between."""
    return tuple(layer.strip() for layer in text.split(","))


def read_range(text: str, *, option: str = "--range") -> tuple[int, int]:
    """Read `FIRST-LAST` or one frame number, negative numbers included; `option` is whose value it is, for messages.

    Raises:
        ShotError: anything else, or an empty range.
    """
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ShotError("shot.range", f"'{text}' is not a frame range.", f"Write it as {option} 1001-1100.")
    first = int(match["first"])
    last = first if match["last"] is None else int(match["last"])
    if last < first:
        raise ShotError(
            "shot.range", f"The range {text} ends before it begins.", f"Write it as {option} {last}-{first}."
        )
    return first, last


def read_frames(text: str) -> tuple[int, int]:
    """Read `FIRST-LAST`, one frame number, or `FIRST+COUNT`, as first and last frame.

    Raises:
        ShotError: as `read_range`.
    """
    match = _COUNTED.fullmatch(text)
    if match is None:
        return read_range(text, option="--frames")
    return int(match["first"]), int(match["first"]) + int(match["count"]) - 1


def read_prompt(given: Given, first_frame: int) -> Prompt:
    """Read one of `X,Y@FRAME`, `X0,Y0,X1,Y1@FRAME` and `FILE[:LAYER]@FRAME`; without `@FRAME` it is on `first_frame`.

    Raises:
        PromptError: a malformed value.
    """
    match = _AT_FRAME.fullmatch(given.value)
    what, frame = (match["what"], int(match["frame"])) if match else (given.value, first_frame)
    if given.option == "mask":
        if not what:
            raise _malformed(given, "FILE[:LAYER]@FRAME", "matte_v01.png@1001")
        return MaskPrompt(frame, what)
    if given.option == "box":
        x0, y0, x1, y1 = _numbers(given, what, 4, "X0,Y0,X1,Y1@FRAME", "420,180,910,1060@1001")
        return Box(frame, x0, y0, x1, y1)
    x, y = _numbers(given, what, 2, "X,Y@FRAME", "640,360@1001")
    return Point(frame, x, y, positive=given.option == "point")


def read_held_option(given: Given) -> HeldMask:
    """Read `FILE[:LAYER][@FRAME|@FIRST-LAST]`; without frames the mask holds on every frame of the shot.

    Raises:
        PromptError: a malformed value.
    """
    match = _AT_FRAMES.fullmatch(given.value)
    what = match["what"] if match else given.value
    first = int(match["first"]) if match else None
    last = int(match["last"]) if match and match["last"] else first
    layered = _LAYERED.fullmatch(what)
    path, layer = (layered["file"], layered["layer"]) if layered else (what, None)
    if not path:
        raise _malformed(given, "FILE[:LAYER][@FRAMES]", "roto.####.exr:body@1001-1050")
    kind = "mask" if given.option == "masks" else given.option.removeprefix("not_")
    return HeldMask(kind, path, first, last, layer, given.option.startswith("not_"))


def read_objects(given: Iterable[Given], first_frame: int) -> tuple[ShotObject, ...]:
    """Sort prompts and masks to their objects: `--object NAME` names those after it, until the next one.

    Raises:
        PromptError: a malformed value.
    """
    objects: dict[str, ShotObject] = {}
    current = DEFAULT_OBJECT
    for option in given:
        if option.option == "object_":
            current = option.value
        thing = objects.get(current, ShotObject(current, ()))
        if option.option in HELD_OPTIONS:
            thing = replace(thing, held=(*thing.held, read_held_option(option)))
        elif option.option != "object_":
            thing = replace(thing, prompts=(*thing.prompts, read_prompt(option, first_frame)))
        objects[current] = thing
    return tuple(objects.values())


def read_prompt_file(path: Path) -> PromptFile:
    """Read a prompts file: a whole shot, or `{"objects": [...]}`; masks are found relative to the file.

    Raises:
        PromptError, ShotError: the file cannot be read or does not hold together.
    """
    try:
        # From bytes, in any form of Unicode, with or without a mark: some editors write no other.
        data: Any = json.loads(path.read_bytes())
    except OSError as problem:
        raise PromptError(
            "prompt.file", f"The prompts file '{path}' cannot be read: {problem.strerror}.", "Check the path."
        ) from problem
    except (ValueError, RecursionError) as problem:
        raise PromptError(
            "prompt.file", f"The prompts file '{path}' is not JSON: {problem}.", 'Write {"objects": [...]}.'
        ) from problem
    try:
        model = _model(data)
        if isinstance(data, dict) and "version" in data:
            shot = shot_from_json(data)
            size = (shot.width, shot.height)
            return PromptFile(_beside(path, shot.objects), (shot.first, shot.last), size, shot.settings, model)
        _refuse_inactive(data)
        return PromptFile(_beside(path, objects_from_json(data)), model=model)
    except EngineError as problem:
        raise type(problem)(problem.code, f"'{path}': {problem.message}", problem.hint) from problem


def merge(of_file: tuple[ShotObject, ...], typed: tuple[ShotObject, ...]) -> tuple[ShotObject, ...]:
    """Give all objects; what is typed for an object that the file has too comes after the file's."""
    added = {thing.name: thing for thing in typed}
    merged = []
    for thing in of_file:
        more = added.pop(thing.name, ShotObject(thing.name, ()))
        merged.append(ShotObject(thing.name, thing.prompts + more.prompts, thing.held + more.held))
    return (*merged, *added.values())


def _model(data: Any) -> str:
    model = data.get("model", "") if isinstance(data, dict) else ""
    if not isinstance(model, str):
        raise ShotError("shot.json", f"'model' is {model!r}, which is no name.", 'Write "model": "auto".')
    return model


def _refuse_inactive(data: Any) -> None:
    """Refuse keys that only a whole shot has: without its version they would be passed over."""
    if not isinstance(data, dict):
        return
    inactive = [key for key in ("range", "size", "settings") if key in data]
    if inactive:
        raise ShotError(
            "shot.json",
            f"'{inactive[0]}' counts in a whole shot alone, and this file holds prompts.",
            'Make it a whole shot with "version": 1, "range" and "size", or give the option of mam2 matte instead.',
        )
    refuse_unknown(data, ("objects", *FILE_KEYS), "The file")


def _beside(path: Path, objects: tuple[ShotObject, ...]) -> tuple[ShotObject, ...]:
    return tuple(with_paths(thing, lambda file: str(path.parent / file)) for thing in objects)


def with_paths(thing: ShotObject, change: Callable[[str], str]) -> ShotObject:
    """Give an object with the paths of its mask prompts and of the masks it is held to changed."""
    prompts = tuple(
        prompt.moved(change(prompt.file)) if isinstance(prompt, MaskPrompt) else prompt for prompt in thing.prompts
    )
    return replace(thing, prompts=prompts, held=tuple(replace(held, path=change(held.path)) for held in thing.held))


def _numbers(given: Given, what: str, count: int, form: str, example: str) -> tuple[float, ...]:
    numbers = tuple(float(number) for number in what.split(",")) if _NUMBERS.fullmatch(what) else ()
    if len(numbers) != count:
        raise _malformed(given, form, example)
    return numbers


def _malformed(given: Given, form: str, example: str) -> PromptError:
    name = given.spelled.split(" ", 1)[0]
    return PromptError("prompt.malformed", f"'{given.spelled}' is not {name} {form}.", f"For example: {name} {example}")
