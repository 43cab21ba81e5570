"""Asking before something happens that the user did not spell out."""

import sys

import typer

from engine.contract.errors import EngineError


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
