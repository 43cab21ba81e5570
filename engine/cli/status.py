"""`mam2 status`: what the running engine is doing."""

import json
from typing import Annotated

import typer


def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as the engine's API gives it.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open the engine's page in the browser.")] = False,
    env: Annotated[bool, typer.Option("--env", help="MAM2_URL and MAM2_TOKEN, for curl.")] = False,
) -> None:
    """Show the engine that is running: devices, shots, jobs."""
    from engine.contract.browser import open_privately
    from engine.contract.errors import ServiceError
    from engine.contract.launch import find

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
