"""`mam2 colourspaces`: the names that `--colourspace` takes."""

from typing import Annotated

import typer


def colourspaces(
    containing: Annotated[
        str, typer.Argument(metavar="TEXT", help="Only names that hold this, in any case.", show_default=False)
    ] = "",
    config: Annotated[
        str | None,
        typer.Option(metavar="FILE|ocio://NAME", help="Configuration.  [dim]\\[default: $OCIO, else built-in ACES][/]"),
    ] = None,
) -> None:
    """List the colour spaces of the OpenColorIO configuration, one a line."""
    from engine.media.colour import list_colourspaces

    for name in list_colourspaces(config):
        if containing.casefold() in name.casefold():
            typer.echo(name)
