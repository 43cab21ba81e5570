"""Options that more than one verb takes: how mattes are written."""

from typing import Annotated

import typer

MATTES = "Mattes"

Layers = Annotated[str, typer.Option(metavar="alpha,trimap,mask", help="What to write.", rich_help_panel=MATTES)]
Format = Annotated[str, typer.Option("--format", metavar="exr|png16", help="File format.", rich_help_panel=MATTES)]
Name = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Begins the files' names.  [dim]\\[default: PLATES_matte][/]", rich_help_panel=MATTES
    ),
]


def read_layers(text: str) -> tuple[str, ...]:
    """Read the names that `--layers` lists, with commas between."""
    return tuple(layer.strip() for layer in text.split(","))
