"""What the person at the terminal is told of what went wrong, and asked before what they did not spell out."""

import platform
import re
import shlex
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import platformdirs
import typer

from engine import __version__
from engine.contract.errors import EngineError

BUG, BAD_INPUT, INTERRUPTED = 1, 2, 130


def show(error: EngineError) -> int:
    """Say what is wrong with the input and what to do next."""
    _say(error.message, error.hint)
    return BAD_INPUT


def is_usage(error: Exception) -> bool:
    """Tell whether an exception is click's way to say that the command line is wrong.

    typer has carried a click of its own since 0.26: the class has two homes, what it can do has not changed.
    """
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def show_usage(error: Any) -> int:
    """Say what is wrong with the command line itself; `error` is one of click's."""
    message = error.format_message()
    if not message:
        return BAD_INPUT  # a group without a verb: its help has been shown instead
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "mam2"
    _say(message.replace("\n", " ").strip(), _expanded(message) or f"See `{command} --help`.")
    return BAD_INPUT


def _expanded(message: str) -> str:
    """Say what to do where the shell has put the names of many plates in a pattern's place; else nothing."""
    names = re.findall(r"[^\s()']+\.(?:exr|dpx|tiff?|png|jpe?g)\b", message, re.IGNORECASE)
    if "extra argument" not in message or not names:
        return ""
    name = Path(names[0])
    pattern = re.sub(r"\d+(?=\.\w+$)", lambda digits: "#" * len(digits[0]), name.name)
    return f"The shell gave every plate's name: give their folder '{name.parent}', or '{name.parent / pattern}'."


def show_bug(error: Exception, command: Sequence[str]) -> int:
    """Say that it is our mistake, and where the traceback is."""
    words = "".join(traceback.format_exception(error))
    header = f"mam2 {__version__}, Python {platform.python_version()}, {platform.platform()}\n{shlex.join(command)}\n\n"
    where = _keep(header + words)
    _say(
        f"this is a bug in mam2: {type(error).__name__}: {str(error).partition(chr(10))[0] or 'no message'}",
        f"Please report it with the log {where}" if where else f"Please report it with this:\n{words}",
    )
    return BUG


def _say(message: str, hint: str) -> None:
    typer.echo(f"{typer.style('error:', fg='red', bold=True)} {_printable(message)}", err=True)
    typer.echo(f"{typer.style('hint:', fg='cyan')} {_printable(hint)}", err=True)


def _printable(text: str) -> str:
    """Give a text in which names that are not in UTF-8 have marks for what no terminal can show."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _keep(text: str) -> Path | None:
    """Write a log where logs belong, or else among the temporary files; None if neither can be written."""
    folders = (platformdirs.user_log_path("mam2", appauthor=False), Path(tempfile.gettempdir()))
    return next(filter(None, (_write_log(folder, text) for folder in folders)), None)


def _write_log(folder: Path, text: str) -> Path | None:
    path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError:
        return None
    return path


def ask(question: str, *, yes: bool) -> bool:
    """Ask a yes-or-no question, and give the answer; no answer counts as no.

    Args:
        question: without its mark.
        yes: whether the user has said yes beforehand, by `--yes`.

    Raises:
        EngineError: `cli.nobody_to_ask` where there is no terminal.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise EngineError(
            "cli.nobody_to_ask",
            f"{question}? There is no terminal to ask at, so nothing was done.",
            "Say it beforehand: --yes.",
        )
    return typer.confirm(question, err=True)
