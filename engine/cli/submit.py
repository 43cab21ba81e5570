"""`mam2 submit`: a shot as a job for a farm, run here if wanted."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.matte.options import MATTES, Format, Layers, Name, read_layers

_HOSTS, _HERE = "Farm", "This machine"


def submit(
    shot: Annotated[
        Path,
        typer.Argument(metavar="SHOT.json", help="Prompts, perhaps a whole shot, as JSON.", show_default=False),
    ],
    *,
    plates: Annotated[
        str | None,
        typer.Option(
            metavar="PLATES",
            help='The plates.  [dim]\\[default: the file\'s "plates", or what is beside it under its name][/]',
            rich_help_panel=MATTES,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="Where the mattes go.  [dim]\\[default: SHOT_mattes beside the file][/]",
            rich_help_panel=MATTES,
        ),
    ] = None,
    layers: Layers = "alpha",
    format_: Format = "exr",
    name: Name = None,
    plate_layer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Layer or part of the plates' EXR files.", rich_help_panel=MATTES),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Every host must have it.", rich_help_panel=_HOSTS)
    ] = "auto",
    chunk: Annotated[
        int, typer.Option(metavar="FRAMES", min=1, help="Frames that one task mattes.", rich_help_panel=_HOSTS)
    ] = 10,
    device: Annotated[
        str,
        typer.Option(
            metavar="auto|cpu|cuda", help="What tracks; all but cpu asks for a GPU host.", rich_help_panel=_HOSTS
        ),
    ] = "auto",
    matte_device: Annotated[
        str | None,
        typer.Option(
            metavar="auto|cpu|cuda",
            help="What mattes, likewise.  [dim]\\[default: as --device][/]",
            rich_help_panel=_HOSTS,
        ),
    ] = None,
    gpu_memory: Annotated[
        int,
        typer.Option(metavar="MIB", min=0, help="Memory that a GPU must have; 0: any will do.", rich_help_panel=_HOSTS),
    ] = 0,
    program: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND", help="How hosts start mam2.  [dim]\\[default: mam2][/]", rich_help_panel=_HOSTS
        ),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the job goes.  [dim]\\[default: SHOT_job beside the file][/]",
            rich_help_panel=_HOSTS,
        ),
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Run the job here, with the openjd runner.", rich_help_panel=_HERE)
    ] = False,
    retries: Annotated[
        int, typer.Option(metavar="TIMES", min=0, help="Run again after a failure.", rich_help_panel=_HERE)
    ] = 1,
) -> None:
    """Write a shot as an Open Job Description job bundle: track on one host, matte chunks on many, check.

    The mattes are those of [bold]mam2 matte[/] on one machine, to the bit, where processors are of one kind. A task
    that fails and is tried again makes only the frames that it had not finished.

    [dim]Write the job, then submit it to Deadline Cloud:[/]
      mam2 submit sh010.json --chunk 20
      deadline bundle submit sh010_job

    [dim]Run it here:[/]
      mam2 submit sh010.json --device cpu --run
    """
    from engine.cli.farm_job import JobRequest, submit_job

    result = submit_job(
        JobRequest(
            shot=shot.expanduser(),
            plates=plates,
            out=out,
            bundle=bundle,
            layers=read_layers(layers),
            format=format_,
            name=name,
            plate_layer=plate_layer,
            model=model,
            chunk=chunk,
            device=device,
            matte_device=matte_device or device,
            gpu_memory=gpu_memory,
            program=program,
        ),
        run=run,
        retries=retries,
    )
    typer.echo(result)
