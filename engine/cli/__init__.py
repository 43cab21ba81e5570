"""The `mam2` command line, a file for a verb or two. Importing it, and showing help, imports no torch."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from engine import __version__
from engine.cli import report
from engine.cli.serve import restart_prepared
from engine.contract.errors import EngineError
from engine.model.ready.memory import collect_seldom

__all__ = ["build", "main", "run"]

SHOTS, ENGINE, MODELS = "Shots", "Engine for hosts", "Models"


def build() -> typer.Typer:
    """Make the application: one line a verb."""
    from engine.cli import (
        batch,
        colourspaces,
        demo,
        doctor,
        evaluate,
        model,
        serve,
        status,
        submit,
        train,
        weights,
    )
    from engine.cli.matte.command import matte
    from engine.cli.matte.options import OrderedCommand

    app = typer.Typer(name="mam2", add_completion=False, rich_markup_mode="rich", help=_HELP)
    app.callback()(_options)
    app.command("matte", cls=OrderedCommand, rich_help_panel=SHOTS)(matte)
    app.command("open", rich_help_panel=SHOTS)(status.open_)
    app.command("batch", cls=OrderedCommand, rich_help_panel=SHOTS)(batch.batch)
    app.command("submit", rich_help_panel=SHOTS)(submit.submit)
    app.command("demo", rich_help_panel=SHOTS)(demo.demo)
    app.command("colourspaces", rich_help_panel=SHOTS)(colourspaces.colourspaces)
    app.command("serve", rich_help_panel=ENGINE)(serve.serve)
    app.command("status", rich_help_panel=ENGINE)(status.status)
    app.command("doctor", rich_help_panel=ENGINE)(doctor.doctor)
    app.add_typer(weights.app, name="weights", rich_help_panel=MODELS)
    app.add_typer(model.app, name="model", rich_help_panel=MODELS)
    app.command("train", rich_help_panel=MODELS)(train.train)
    app.command("evaluate", rich_help_panel=MODELS)(evaluate.evaluate)
    return app


def main() -> None:
    """Run the program with the arguments of the process, and end the process."""
    restart_prepared()
    collect_seldom()
    code = run(sys.argv[1:], program=_program())
    sys.stdout.flush()
    sys.stderr.flush()
    if code == report.INTERRUPTED:
        # A worker may still be inside one long tensor operation: nobody waits for it, finished files are whole.
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str], *, program: str = "mam2") -> int:
    """Run one command and give its exit status: 0 done, 1 a bug, 2 bad input, 130 stopped by Ctrl-C.

    Args:
        arguments: what stands behind the program's name.
        program: how the program was called, for messages.
    """
    command = typer.main.get_command(build())
    try:
        code = command.main(args=list(arguments) or ["--help"], prog_name=program, standalone_mode=False)
    except EngineError as error:
        return report.show(error)
    except (KeyboardInterrupt, typer.Abort):
        return report.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough (`mam2 --help | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last place where a bug can be told from bad input
        if report.is_usage(error):
            return report.show_usage(error)
        shortage = _shortage_of(error)
        return report.show(shortage) if shortage else report.show_bug(error, [program, *arguments])
    return code if isinstance(code, int) else 0


_HELP = """
Click anything in a plate, get a clean alpha for the whole shot.

Start with [bold]mam2 open PLATES[/], or [bold]mam2 demo[/]; then [bold]mam2 matte --help[/].
"""


def _shortage_of(error: Exception) -> EngineError | None:
    """Give what is to be said of an error where it means that memory ran out."""
    if "torch" not in sys.modules:
        return None
    from engine.session.out_of_memory import is_out_of_memory, stage_of, too_little_memory

    return too_little_memory(stage_of(error)) if is_out_of_memory(error) else None


def _program() -> str:
    name = Path(sys.argv[0]).name
    return "python -m engine" if name == "__main__.py" else name.removesuffix(".exe") or "mam2"


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mam2 {__version__}")
        raise typer.Exit


def _options(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and stop."
    ),
) -> None:
    """Take the options that stand before every verb."""
    del version
