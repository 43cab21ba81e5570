"""`mam2 status` and `mam2 open`: what the running engine is doing, and a clip in its page."""

import json
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from engine.cli.matte.options import colourspace_option


def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as the engine's API gives it.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open the engine's page in the browser.")] = False,
    env: Annotated[bool, typer.Option("--env", help="MAM2_URL and MAM2_TOKEN, for curl.")] = False,
) -> None:
    """Show the engine that is running: devices, shots, jobs."""
    from engine.contract.errors import ServiceError
    from engine.contract.launch import find, open_privately

    client = find()
    if client is None:
        raise ServiceError(
            "engine.none", "No engine is running.", "A host starts it when it needs it; so does: mam2 serve."
        )
    with client:
        found = client.status()
    if open_:
        with client:
            link = client.connection.url + client.monitor_link()
        open_privately(link)
        typer.echo(f"the engine's page: {link}  (works once, within a minute)")
        return
    if env:
        typer.echo(f"MAM2_URL={client.connection.url}\nMAM2_TOKEN={client.connection.token}")
        return
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    typer.echo(
        f"engine {found['version']}, process {found['pid']}, up {found['uptime']:.0f} s, {client.connection.url}"
    )
    typer.echo(f"store   {found['store']}")
    for device in found["devices"]:
        label = f" ({device['label']})" if device["label"] else ""
        typer.echo(f"device  {device['name']}{label}: {device['state']}, jobs {device['jobs']}")
        if device.get("note"):  # an engine of an older version gives none
            typer.echo(f"        {device['note']}")
    typer.echo(f"shots   {', '.join(found['shots']) or 'none'}")
    running = [job for job in found["jobs"] if job["state"] in ("queued", "running", "waiting")]
    for job in running:
        typer.echo(f"job     {job['kind']} of {job['shot']}: {job['state']}, {job['done']} of {job['total']}")
    if not running:
        typer.echo("jobs    none running")


def open_(
    plates: Annotated[
        str,
        typer.Argument(
            metavar="PLATES", help="name.####.exr, name.%04d.exr, a folder, one image, or a movie.", show_default=False
        ),
    ],
    *,
    colourspace: Annotated[str | None, colourspace_option()] = None,
    plate_layer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Layer or part of the plates' EXR files to matte.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, or print the link alone.")] = True,
) -> None:
    """Open a clip in the browser: click the object, see the matte at once, track, correct, export.

    The engine runs on this machine and starts by itself; nothing leaves it. Opened again, the clip is as it was left.
    """
    from engine.contract.launch import find_or_start, open_privately
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
