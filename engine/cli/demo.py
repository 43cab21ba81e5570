"""`mam2 demo`: real footage and a drawn shot that no model has seen, one click each, and how close the mattes come."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from engine.cli import report
from engine.cli.background import Interrupted

FRAMES = 24


def demo(
    ctx: typer.Context,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where everything goes.")] = Path("demo"),
    kind: Annotated[
        str, typer.Option(metavar="smoke|fire|glass|bubbles", help="What the subject is made of.")
    ] = "fire",
    frames: Annotated[int, typer.Option(metavar="COUNT", min=1, max=200, help="Length of the shot.")] = FRAMES,
    model: Annotated[str, typer.Option(metavar="NAME|FILE", help="See [bold]mam2 weights list[/].")] = "auto",
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="What computes.")] = "auto",
) -> None:
    """Matte a few frames of real footage with one click, and a drawn shot of something see-through.

    No model has learnt from the footage, nor from the drawn shot, whose exact alpha is compared. Takes about a minute
    without a GPU.
    """
    from engine.cli.demo_shot import run_demo

    try:
        result = run_demo(out.expanduser(), kind=kind, frames=frames, model=model, device=device)
    except Interrupted:
        typer.echo(f"to begin again: {shlex.join([*ctx.command_path.split(), '-o', str(out)])}", err=True)
        raise typer.Exit(report.INTERRUPTED) from None
    typer.echo(result.summary())
