"""`mam2 doctor`: what is wrong with this installation, and the cure."""

import json
import platform
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from engine import __version__

if TYPE_CHECKING:
    from engine.doctor.facts import Finding

FAULTY = 1
_COLOURS = {"ok": "green", "warning": "yellow", "fault": "red"}


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    paths: Annotated[bool, typer.Option("--paths", help="Show names and whole paths; the home folder is ~.")] = False,
) -> None:
    """Examine Python, PyTorch, devices, models, store, engine, hosts and colour, and matte two frames.

    Each line says ok, warning or fault, and the cure; the exit status is 1 when there is a fault. No names of people
    or machines are shown, and no paths without [bold]--paths[/]: the report may be posted.
    """
    from engine.doctor.examination import examine
    from engine.doctor.facts import gather, private

    machine = gather()
    clean = private(machine, paths=paths)
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    if not as_json:
        typer.echo(f"mam2 {__version__}, Python {platform.python_version()}, {system}")
    findings = []
    for finding in map(clean, examine(machine)):
        findings.append(finding)
        if not as_json:
            typer.echo(_line(finding))
            sys.stdout.flush()
    states = [finding.state for finding in findings]
    faults, warnings = states.count("fault"), states.count("warning")
    if as_json:
        report = {"mam2": __version__, "python": platform.python_version(), "system": system}
        typer.echo(
            json.dumps(
                {**report, "faults": faults, "warnings": warnings, "findings": list(map(asdict, findings))}, indent=2
            )
        )
    else:
        typer.echo(f"{faults} faults, {warnings} warnings")
    if faults:
        raise typer.Exit(FAULTY)


def _line(finding: "Finding") -> str:
    state = typer.style(f"{finding.state:8}", fg=_COLOURS[finding.state])
    cure = f"  -> {finding.cure}" if finding.cure else ""
    return f"{state} {finding.subject:9} {finding.says}{cure}"
