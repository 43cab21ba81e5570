"""`mam2 weights remove`: take weights off this machine, and what is left of pulls."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.asking import ask
from engine.cli.weights_options import Folder, Yes
from engine.contract.errors import ModelError


def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="See [bold]mam2 weights list[/].")],
    *,
    yes: Yes = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Also the checksum of the first pull: the next may bring another file.")
    ] = False,
    folder: Folder = None,
) -> None:
    """Delete imported or pulled weights, after asking."""
    from engine.weights.catalogue import weights_folder

    place = folder or weights_folder()
    found = {name: _files(name, place) for name in dict.fromkeys(names)}
    for name, files in found.items():
        if not files and not forget:
            raise ModelError(
                "model.missing", f"There are no weights '{name}' in {place}.", "See what there is: mam2 weights list."
            )
    doomed = [path for files in found.values() for path in files]
    size = sum(path.stat().st_size for path in doomed)
    if doomed and not ask(f"Delete {', '.join(found)} ({size / 1e6:.0f} MB) from {place}", yes=yes):
        raise typer.Exit(0)
    for path in doomed:
        path.unlink(missing_ok=True)
    if doomed:
        typer.echo(f"deleted {', '.join(found)}: {size / 1e6:.0f} MB are free")
    if forget:
        _forget(place, found)


def _files(name: str, folder: Path) -> list[Path]:
    """Give the files of weights: whole ones, and what has arrived of a pull."""
    from engine.model.config import CONFIGS
    from engine.weights.catalogue import stored
    from engine.weights.header import MATTERS, TRIMAPS

    if name == "starter":
        raise ModelError("model.missing", "The starter is part of mam2 and stays.", "Remove mam2 itself instead.")
    if name not in {**CONFIGS, **MATTERS, **TRIMAPS}:
        known = ", ".join(one for one in dict.fromkeys((*CONFIGS, *MATTERS, *TRIMAPS)) if one != "starter")
        raise ModelError("model.unknown", f"There are no weights '{name}'.", f"Choose from: {known}.")
    arrived = (folder / ".pulling" / name).glob("*")
    return [path for path in (stored(name, folder), *arrived) if path.is_file()]


def _forget(folder: Path, names: dict[str, list[Path]]) -> None:
    from engine.weights.pull import forget

    for name in names:
        if forget(folder, name):
            typer.echo(f"forgot the checksum of {name}")
