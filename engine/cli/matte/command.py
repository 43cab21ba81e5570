"""`mam2 matte`: prompts and plates in, mattes out."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from engine.cli import report
from engine.cli.background import Interrupted
from engine.cli.matte.options import (
    ARGUMENTS,
    MATTES,
    ORDER,
    PROMPT_OPTIONS,
    FillHoles,
    Format,
    Gamma,
    Given,
    Grow,
    Layers,
    Name,
    RemoveSpecks,
    Shrink,
    Soften,
    Temporal,
    colourspace_option,
    read_finesse,
    read_frames,
    read_layers,
    read_range,
)

_PROMPTS, _HELD, _TRACKING, _RUNNING, _FARM = "Prompts", "Masks to hold to", "Tracking", "Running", "Farm"


def matte(
    ctx: typer.Context,
    plates: Annotated[
        str,
        typer.Argument(
            metavar="PLATES", help="name.####.exr, name.%04d.exr, a folder, one image, or a movie.", show_default=False
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the mattes go.", show_default=False)
    ],
    *,
    point: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y@FRAME", help="A click on the object.", rich_help_panel=_PROMPTS),
    ] = None,
    not_point: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y@FRAME", help="A click on what is not the object.", rich_help_panel=_PROMPTS),
    ] = None,
    box: Annotated[
        list[str] | None,
        typer.Option(metavar="X0,Y0,X1,Y1@FRAME", help="A box around the object.", rich_help_panel=_PROMPTS),
    ] = None,
    mask: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE:LAYER@FRAME",
            help="A mask of the object, in the plate's shape; :LAYER where the file has several.",
            rich_help_panel=_PROMPTS,
        ),
    ] = None,
    masks: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[:LAYER][@FRAMES]",
            help="A mask a frame, name.####.exr, of any origin: mattes without tracking.",
            rich_help_panel=_PROMPTS,
        ),
    ] = None,
    core: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[:LAYER][@FRAMES]",
            help="A mask of what is surely in, on a frame, on frames A-B, or on all.",
            rich_help_panel=_HELD,
        ),
    ] = None,
    not_core: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE[:LAYER][@FRAMES]", help="The same, inverted.", rich_help_panel=_HELD),
    ] = None,
    garbage: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE[:LAYER][@FRAMES]", help="A mask of what is surely out.", rich_help_panel=_HELD),
    ] = None,
    not_garbage: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[:LAYER][@FRAMES]",
            help="The same, inverted: what it leaves out is surely out.",
            rich_help_panel=_HELD,
        ),
    ] = None,
    unknown: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[:LAYER][@FRAMES]", help="A mask of where the matting model is to look.", rich_help_panel=_HELD
        ),
    ] = None,
    trimap: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[:LAYER][@FRAMES]",
            help="A trimap of your own in place of the tracked one.",
            rich_help_panel=_HELD,
        ),
    ] = None,
    object_: Annotated[
        list[str] | None,
        typer.Option(
            "--object",
            metavar="NAME",
            help="Whose the prompts and masks after this are; give it again for the next object.",
            rich_help_panel=_PROMPTS,
        ),
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help='Prompts as JSON: {"objects": [...]}, or a whole shot.',
            rich_help_panel=_PROMPTS,
        ),
    ] = None,
    range_: Annotated[
        str | None,
        typer.Option(
            "--range", metavar="A-B", help="Frames to matte.  [dim]\\[default: all][/]", rich_help_panel=_TRACKING
        ),
    ] = None,
    direction: Annotated[
        str | None,
        typer.Option(
            metavar="forward|backward|both",
            help="From the first prompt on, from the last back, or both ways.  [dim]\\[default: both][/]",
            rich_help_panel=_TRACKING,
        ),
    ] = None,
    corrections: Annotated[
        str | None,
        typer.Option(
            metavar="refine|independent",
            help="Later points correct what was tracked, or describe it anew.  [dim]\\[default: refine][/]",
            rich_help_panel=_TRACKING,
        ),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            metavar="parallel|pdd|pdd+mcs|pdd+mss",
            help="The way from plate to trimap.  [dim]\\[default: pdd+mss][/]",
            rich_help_panel=_TRACKING,
        ),
    ] = None,
    colourspace: Annotated[str | None, colourspace_option(_TRACKING)] = None,
    plate_layer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Layer or part of the plates' EXR files to matte.", rich_help_panel=_TRACKING
        ),
    ] = None,
    temporal: Temporal = None,
    remove_specks: RemoveSpecks = None,
    fill_holes: FillHoles = None,
    shrink: Shrink = None,
    grow: Grow = None,
    soften: Soften = None,
    gamma: Gamma = None,
    layers: Layers = "alpha",
    format_: Format = "exr",
    name: Name = None,
    premult: Annotated[
        bool,
        typer.Option("--premult", help="R, G, B of the files: foreground times alpha.", rich_help_panel=MATTES),
    ] = False,
    clean_plate: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The plates without the objects, or one for all: makes foreground colours exact.",
            rich_help_panel=MATTES,
        ),
    ] = None,
    crop: Annotated[
        bool,
        typer.Option("--crop", help="The data window is where mattes are.", rich_help_panel=MATTES),
    ] = False,
    compression: Annotated[
        str,
        typer.Option(
            metavar="zip|dwaa", help="dwaa loses a little of colours, never of alpha.", rich_help_panel=MATTES
        ),
    ] = "zip",
    preview: Annotated[
        str | None,
        typer.Option(
            metavar="sheet|movie",
            help="Also a sheet of plate, trimap, alpha, comp, or a wipe.",
            rich_help_panel=MATTES,
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(metavar="NAME|FILE", help="See [bold]mam2 weights list[/].", rich_help_panel=_RUNNING),
    ] = "auto",
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda|mps", help="What computes.", rich_help_panel=_RUNNING)
    ] = "auto",
    engine: Annotated[
        bool,
        typer.Option(
            "--engine", help="Compute in the engine that hosts share, on its devices.", rich_help_panel=_RUNNING
        ),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Keep mattes that are done and still valid.", rich_help_panel=_RUNNING),
    ] = False,
    stage: Annotated[
        str | None,
        typer.Option(
            metavar="trimap|alpha|check",
            help="One part of the work: track and keep trimaps, matte from these, or check the mattes.",
            rich_help_panel=_FARM,
        ),
    ] = None,
    frames: Annotated[
        str | None,
        typer.Option(metavar="A-B|A+COUNT", help="Deliver only these frames of the range.", rich_help_panel=_FARM),
    ] = None,
) -> None:
    """Matte a shot: say what with points, boxes or masks; the mattes of the whole range are written as files.

    Coordinates are pixels of the plate from its [bold]top-left[/] corner. Without [bold]@FRAME[/] a prompt is on
    the first frame of the range.

    [dim]One click, one matte:[/]
      mam2 matte plates/shot.####.exr -o mattes --point 960,540@1001

    [dim]Two objects:[/]
      mam2 matte shot.mov -o mattes --object smoke --box 300,80,900,700 --object cup --point 420,640

    [dim]Your roto, or another tool's masks, made mattes without tracking:[/]
      mam2 matte plates/shot.####.exr -o mattes --masks roto.####.exr

    [dim]A correction on frame 1050; only the frames that it changes are made anew:[/]
      mam2 matte plates -o mattes --point 960,540@1001 --not-point 400,200@1050 --resume
    """
    from engine.cli.matte.request import MatteRequest
    from engine.cli.matte.run import run_matte

    del (
        point,
        not_point,
        box,
        mask,
        masks,
        object_,
        core,
        not_core,
        garbage,
        not_garbage,
        unknown,
        trimap,
    )  # their order counts: it is in ctx.meta
    given = {"direction": direction, "corrections": corrections, "mode": mode, "colourspace": colourspace}
    request = MatteRequest(
        plates=plates,
        out=out.expanduser(),
        prompts=tuple(Given(option, value) for option, value in ctx.meta[ORDER] if option in PROMPT_OPTIONS),
        prompts_file=prompts,
        range=None if range_ is None else read_range(range_),
        settings={key: value for key, value in given.items() if value is not None},
        finesse=read_finesse(
            shrink,
            grow,
            soften=soften,
            gamma=gamma,
            temporal=temporal,
            remove_specks=remove_specks,
            fill_holes=fill_holes,
        ),
        model=model,
        device=device,
        layers=read_layers(layers),
        format=format_,
        preview=preview,
        resume=resume,
        engine=engine,
        plate_layer=plate_layer,
        name=name,
        stage=stage,
        frames=None if frames is None else read_frames(frames),
        premult=premult,
        clean_plate=clean_plate,
        crop=crop,
        compression=compression,
    )
    try:
        result = run_matte(request)
    except Interrupted:
        words = [*ctx.command_path.split(), *ctx.meta[ARGUMENTS], *([] if resume else ["--resume"])]
        typer.echo(f"to go on: {shlex.join(words)}", err=True)
        raise typer.Exit(report.INTERRUPTED) from None
    typer.echo(result.summary())
    if not result.previews and stage is None:
        typer.echo("          or add --resume --preview sheet for plate, alpha and comp in one picture")
