"""`mam2 weights`: what there is to matte with: list it, take files in, check that it is whole, remove it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import report, weights_pull
from engine.cli.report import ask
from engine.cli.weights_pull import Folder, Json, Yes
from engine.contract.errors import EngineError, ModelError

app = typer.Typer(help="Fetch weights or take files in, list them, check them, remove them.", no_args_is_help=True)

app.command("pull")(weights_pull.pull)


@app.command("import")
def import_weights(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Official .pt, .pth or .safetensors files.")],
    *,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Check weights files, official or trained, and keep them in mam2's own format. Nothing in them is run."""
    from rich.console import Console

    from engine.weights.import_weights import import_file

    taken = []
    for file in files:
        with Console(stderr=True).status(f"reading {file.name}"):
            weights = import_file(file.expanduser(), folder=folder)
        taken.append(weights)
        if not as_json:
            typer.echo(f"{file.name}: {weights.name} ({weights.part}), {weights.parameters / 1e6:.1f} M parameters")
            typer.echo(f"  kept as {weights.path}")
            typer.echo(f"  licence: {weights.licence}")
    if as_json:
        typer.echo(json.dumps([{**vars(weights), "path": str(weights.path)} for weights in taken], indent=2))


@app.command("list")
def list_weights(*, folder: Folder = None, as_json: Json = False) -> None:
    """Show what suits this machine, then every model: whether it can run, and the way to what it lacks."""
    from engine.weights.automatic import AUTO, choose_model, recommended
    from engine.weights.catalogue import weights_folder

    place = folder or weights_folder()
    models = [_model(name, place) for name in _names()]
    matters = [_matter(name, place) for name in _matters()]
    trimaps = [_trimap(place)]
    suits = recommended()
    if as_json:
        found = {"folder": str(place), "recommended": suits.name, "models": models, "matters": matters}
        typer.echo(json.dumps({**found, "trimaps": trimaps}, indent=2))
        return
    choice = choose_model(AUTO, folder=place)
    typer.echo(f"--model auto is {choice.told}")
    if not any(row["ready"] for row in models if row["name"] == suits.name):
        typer.echo(f"Better here: {suits.name} ({suits.megabytes} MB, {suits.licence}) with our own matting model;")
        typer.echo("a studio may use both. Get it: mam2 weights pull recommended")
    typer.echo("")
    _table("model", models)
    _table("matting model", matters)
    _table("trimap", trimaps)
    typer.echo("The starter ships with mam2 and needs nothing else; it is small and soon at its limits on footage.")
    typer.echo("Non-commercial: these weights learnt from Composition-1k, whose agreement binds what is trained on it.")
    typer.echo(f"Weights are kept in {place}; take files in that you have: mam2 weights import FILE")


@app.command("verify")
def verify(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Weights files; default: all that are kept.")
    ] = None,
    *,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Check every number of weights files against what was written; the exit status is 2 when one is not whole."""
    from rich.console import Console

    from engine.weights.catalogue import STARTER_FILE, SUFFIX, weights_folder
    from engine.weights.import_weights import verify_file
    from engine.weights.pull import check_source

    place = folder or weights_folder()
    chosen = files or [*filter(Path.is_file, [STARTER_FILE]), *sorted(place.glob(f"*{SUFFIX}"))]
    results: list[dict[str, Any]] = []
    for file in chosen:
        problem: EngineError | None = None
        try:
            with Console(stderr=True).status(f"checking {file.name}"):
                verify_file(file.expanduser())
                check_source(file, place)
        except ModelError as error:
            problem = error
        results.append({"file": str(file), "whole": problem is None, "problem": problem and problem.to_json()})
        if not as_json:
            typer.echo(f"{file}: {problem or 'whole'}")
    if as_json:
        typer.echo(json.dumps(results, indent=2))
    elif not results:
        typer.echo(f"no weights in {place}")
    if not all(result["whole"] for result in results):
        raise typer.Exit(report.BAD_INPUT)


def _names() -> tuple[str, ...]:
    from engine.model.config import CONFIGS

    return tuple(CONFIGS)


def _matters() -> tuple[str, ...]:
    from engine.weights.header import MATTERS

    return tuple(MATTERS)


def _model(name: str, folder: Path) -> dict[str, Any]:
    """Give one row: `name`, `ready`, `lacks`, `files`, and the error's sentence as `problem` when it cannot run."""
    from engine.weights.catalogue import find_files, lacking

    row: dict[str, Any] = {"name": name, "ready": True, "lacks": list(lacking(name, folder)), "files": []}
    try:
        found = find_files(name, folder)
    except ModelError as error:
        return {**row, "ready": False, "problem": str(error), "code": error.code}
    return {**row, "files": [_file(path) for path in found.paths]}


def _matter(name: str, folder: Path) -> dict[str, Any]:
    from engine.weights.catalogue import stored

    path = stored(name, folder)
    try:
        return {"name": name, "ready": True, "lacks": [], "files": [_file(path)]}
    except ModelError as error:
        row = {"name": name, "ready": False, "lacks": [name], "files": []}
        return {**row, "problem": str(error), "code": error.code}


def _trimap(folder: Path) -> dict[str, Any]:
    """Give the row of the network that makes trimaps of pictures and any masks."""
    from engine.weights.catalogue import picture_trimap_file
    from engine.weights.header import TRIMAPS

    row: dict[str, Any] = {"name": next(iter(TRIMAPS)), "ready": True, "lacks": [], "files": []}
    try:
        return {**row, "files": [_file(picture_trimap_file(folder))]}
    except ModelError as error:
        return {**row, "ready": False, "lacks": [row["name"]], "problem": str(error), "code": error.code}


def _file(path: Path) -> dict[str, Any]:
    from engine.weights.header import read_header

    header = read_header(path)
    return {"path": str(path), "bytes": path.stat().st_size, "licence": header.get("licence", "")}


def _table(title: str, rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title, "", "files, or the way to them", box=None, pad_edge=False)
    for row in rows:
        state = "[green]ready[/]" if row["ready"] else "[yellow]not ready[/]"
        table.add_row(row["name"], state, "\n".join(map(_told, row["files"])) if row["ready"] else _lack(row))
    Console().print(table, "")


def _told(file: dict[str, Any]) -> str:
    licence = f", {file['licence']}" if file["licence"] else ""
    return f"{Path(file['path']).name} ({file['bytes'] / 1e6:.0f} MB{licence})"


def _lack(row: dict[str, Any]) -> str:
    from engine.weights.catalogue import OFFICIAL

    if row["code"] != "model.missing":
        return str(row["problem"])
    return "\n".join(
        _way(name) if name in OFFICIAL else "none is published; make it: mam2 train --list"
        for name in row["lacks"]
        if name != "starter"
    ) or str(row["problem"])


def _way(name: str) -> str:
    """Say in one line how to get official weights, how large they are and whether a studio may use them."""
    from engine.weights.catalogue import OFFICIAL, SOURCES, way_to

    licence = OFFICIAL[name].licence.partition(":")[0]
    size = f"{SOURCES[name].megabytes} MB, " if name in SOURCES else ""
    return f"{size}{licence}: {way_to(name)}"


@app.command("remove")
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
