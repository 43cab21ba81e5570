"""`mam2 open`: a clip in the engine's own page, to click in, track, correct and export."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer


def open_(
    plates: Annotated[
        str,
        typer.Argument(
            metavar="PLATES", help="name.####.exr, name.%04d.exr, a folder, one image, or a movie.", show_default=False
        ),
    ],
    *,
    colourspace: Annotated[
        str | None,
        typer.Option(
            "--colourspace",
            "--colorspace",
            metavar="NAME",
            help="Of the plates, in the OpenColorIO configuration.  [dim]\\[default: by file type][/]",
        ),
    ] = None,
    plate_layer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Layer or part of the plates' EXR files to matte.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, or print the link alone.")] = True,
) -> None:
    """Open a clip in the browser: click the object, see the matte at once, track, correct, export.

    The engine runs on this machine and starts by itself; nothing leaves it. Opened again, the clip is as it was left.
    """
    from engine.contract.browser import open_privately
    from engine.contract.launch import find_or_start
    from engine.own_python import python_command

    whole = str(Path(plates).expanduser().absolute())
    with find_or_start(python_command("engine", "serve")) as engine:
        shot = engine.open_clip(whole, layer=plate_layer, colourspace=colourspace)
        link = f"{engine.connection.url}{engine.monitor_link()}&shot={quote(shot)}"
        model = engine.models()
    typer.echo(f"shot      {shot}")
    typer.echo(f"model     {model['told']}")
    if model["advice"]:
        typer.echo(f"better    {model['advice']}")
    typer.echo(f"page      {link}  (works once, within a minute)")
    if browser:
        open_privately(link)
