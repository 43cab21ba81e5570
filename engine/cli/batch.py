"""`mam2 batch`: every shot under a folder, one after another."""

import json as json_text
import shlex
from pathlib import Path
from typing import Annotated

import typer

from engine.cli import report
from engine.cli.background import Interrupted
from engine.cli.matte.options import ARGUMENTS, read_layers

SOME_FAILED = 1


def batch(
    ctx: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the shot files are, at any depth.", show_default=False)
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="Where the mattes go, a folder a shot.  [dim]\\[default: SHOT_mattes beside each file][/]",
        ),
    ] = None,
    layers: Annotated[str, typer.Option(metavar="alpha,trimap,mask", help="What to write.")] = "alpha",
    format_: Annotated[str, typer.Option("--format", metavar="exr|png16", help="File format.")] = "exr",
    preview: Annotated[
        str | None, typer.Option(metavar="sheet|movie", help="Also something to look at, one for each shot.")
    ] = None,
    model: Annotated[str, typer.Option(metavar="NAME|FILE", help="See [bold]mam2 weights list[/].")] = "auto",
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="What computes.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Give the summary as JSON.")] = False,
) -> None:
    """Matte every shot under a folder with one loaded model, and sum up; frames that are done and valid are kept.

    A shot is a JSON file with prompts; its plates are what it names under [bold]plates[/], or what is beside it under
    its name: for sh010.json the folder sh010, sh010.####.exr or sh010.mov.

    A shot that fails does not stop the others. The exit status is 0 when every shot has its mattes, 1 when some have
    not, 2 when there is nothing to do.
    """
    from engine.cli.batch_run import Batch

    shots = Batch(
        folder.expanduser(),
        out.expanduser() if out else None,
        layers=read_layers(layers),
        format=format_,
        model=model,
        device=device,
        preview=preview,
    )
    try:
        shots.run(lambda line: typer.echo(line, err=True))
    except (Interrupted, KeyboardInterrupt):  # while a shot is matted, or between two
        typer.echo(f"to go on: {shlex.join([*ctx.command_path.split(), *ctx.meta[ARGUMENTS]])}", err=True)
        raise typer.Exit(report.INTERRUPTED) from None
    finally:
        if shots.rows:
            rows = [row.to_json() for row in shots.rows]
            typer.echo(json_text.dumps(rows, indent=2) if json else shots.table())
        if shots.advice:
            typer.echo(shots.advice, err=True)
    if any(row.state == "failed" for row in shots.rows):
        raise typer.Exit(SOME_FAILED)
