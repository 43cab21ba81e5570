"""`mam2 model`: what a model is made of, in numbers that it learns."""

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from engine.contract.errors import ModelError

if TYPE_CHECKING:
    from engine.model.config import MAM2Config
    from engine.weights.structure import ParameterTable

app = typer.Typer(
    help="Show a model's parameters, part by part.",
    subcommand_metavar="",
    context_settings={"allow_interspersed_args": True},
)


@app.callback(invoke_without_command=True)
def model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model; see [bold]mam2 weights list[/].")] = "mam2-l",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a model's parameters part by part, what each stage of training changes, and how the paper compares."""
    from engine.model.config import CONFIGS

    if name not in CONFIGS:
        raise ModelError("model.unknown", f"There is no model '{name}'.", f"Choose one of: {', '.join(CONFIGS)}.")
    from engine.weights.structure import parameter_table

    table = parameter_table(_shipped() if name == "starter" else CONFIGS[name])
    if as_json:
        typer.echo(json.dumps(_as_json(table), indent=2))
    else:
        _show(table)


def _shipped() -> "MAM2Config":
    """Give the structure of the weights that ship, which may be older than the one that training begins with."""
    from engine.model.config import STARTER
    from engine.weights.catalogue import STARTER_FILE
    from engine.weights.header import Contents, read_header

    held = Contents.from_header(read_header(STARTER_FILE), STARTER_FILE.name)
    return replace(
        STARTER, tracker=held.tracker or STARTER.tracker, matter=held.matter or STARTER.matter, lora=held.lora
    )


def _as_json(table: "ParameterTable") -> dict[str, object]:
    return {
        "model": table.model,
        "parts": [asdict(row) for row in table.rows],
        "total": table.total,
        "stage_1": table.stage_1,
        "stage_2": table.stage_2,
        "trainable": table.trainable,
        "paper_difference": table.paper_difference,
    }


def _show(table: "ParameterTable") -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(table.model, box=None, pad_edge=False)
    for heading in ("all", "stage 1: trimaps", "stage 2: matter"):
        shown.add_column(heading, justify="right")
    for row in table.rows:
        shown.add_row(row.part, *(f"{count:,}" if count else "-" for count in (row.total, row.stage_1, row.stage_2)))
    shown.add_section()
    shown.add_row("together", *(f"{count:,}" for count in (table.total, table.stage_1, table.stage_2)), style="bold")
    console = Console()
    console.print(shown)
    if table.explanation():
        console.print(table.explanation(), highlight=False)
