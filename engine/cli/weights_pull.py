"""`mam2 weights pull`: official weights from where they are published, after the user has said yes."""

import json
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.report import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.weights.catalogue import Source
    from engine.weights.download import Progress
    from engine.weights.pull import PullResult

SECONDS_BETWEEN_LINES = 5.0

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder", metavar="FOLDER", help="Weights are kept here; default: $MAM2_WEIGHTS or the user's data."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def pull(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="[bold]recommended[/], or from [bold]mam2 weights list[/]."),
    ],
    *,
    yes: Yes = False,
    sha256: Annotated[str, typer.Option(metavar="HEX", help="The checksum that the file must have.")] = "",
    mirror: Annotated[
        str,
        typer.Option(envvar="HF_ENDPOINT", metavar="URL", help="Another server with the official paths."),
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="Fetch even what is here already.")] = False,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Fetch official weights, after showing what they are and asking. A pull that was cut goes on where it stopped.

    Proxies and certificates are those of the environment: HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE.
    """
    from engine.weights.catalogue import OFFICIAL_SERVER, source_of, stored, weights_folder

    place, server = folder or weights_folder(), mirror or OFFICIAL_SERVER
    sources = [_recommended() if name == "recommended" else source_of(name) for name in dict.fromkeys(names)]
    if sha256 and len(sources) > 1:
        raise typer.BadParameter("a checksum belongs to one file: pull one at a time", param_hint="--sha256")
    wanted = [source for source in sources if again or not stored(source.name, place).is_file()]
    for source in sources:
        if source not in wanted:
            typer.echo(f"{source.name} is here already: {stored(source.name, place)}", err=True)
    for source in wanted:
        typer.echo(_description(source, server, place, sha256), err=True)
    if wanted and not ask(f"Download into {place}", yes=yes):
        raise typer.Exit(0)
    results = [_pull(source, place, server, sha256) for source in wanted]
    if as_json:
        typer.echo(json.dumps([_as_json(result) for result in results], indent=2))
        return
    for result in results:
        typer.echo(_told(result))


def _recommended() -> "Source":
    from engine.weights.automatic import find_hardware, recommended

    hardware = find_hardware()
    source = recommended(hardware)
    typer.echo(f"for {hardware}: {source.name}; the matting model ships with mam2, and a studio may use both", err=True)
    return source


def _description(source: "Source", server: str, folder: Path, sha256: str) -> str:
    from engine.weights.pull import expected_sha256

    expected, whose = expected_sha256(source, folder, sha256)
    checksum = f"{expected} ({whose})" if expected else "none is published; that of this first pull is recorded"
    return "\n".join(
        (
            f"{source.name}: {source.file} of {source.repository}, about {source.megabytes} MB",
            f"  licence   {source.licence}",
            f"  address   {source.address(server)}",
            f"  SHA-256   {checksum}",
        )
    )


def _pull(source: "Source", folder: Path, server: str, sha256: str) -> "PullResult":
    from engine.weights.pull import pull as fetch
    from engine.weights.pull import workplace

    try:
        with _shown(source.file) as progress:
            return fetch(source, folder, progress=progress, server=server, sha256=sha256)
    except KeyboardInterrupt:
        if workplace(folder, source.name).exists():
            typer.echo("\nstopped; what has arrived is kept, and the next pull goes on from there", err=True)
        raise


@contextmanager
def _shown(file: str) -> "Iterator[Progress]":
    """Give what shows progress: a bar in a terminal, a line every few seconds elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    said = time.monotonic()
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(file, total=None)

        def progress(done: int, total: int) -> None:
            nonlocal said
            bar.update(task, completed=done, total=total or None)
            if not console.is_terminal and time.monotonic() - said >= SECONDS_BETWEEN_LINES:
                said = time.monotonic()
                typer.echo(f"{file}: {done / 1e6:.0f} of {total / 1e6:.0f} MB", err=True)

        yield progress


def _as_json(result: "PullResult") -> dict[str, object]:
    weights = {**vars(result.weights), "path": str(result.weights.path)}
    return {**weights, "sha256": result.sha256, "checked_against": result.checked_against}


def _told(result: "PullResult") -> str:
    weights = result.weights
    checked = f"as {result.checked_against} says" if result.checked_against else "recorded for later pulls"
    return "\n".join(
        (
            f"{weights.name} ({weights.part}), {weights.parameters / 1e6:.1f} M parameters, kept as {weights.path}",
            f"  licence: {weights.licence}",
            f"  SHA-256 of the file as it came: {result.sha256} ({checked})",
        )
    )
