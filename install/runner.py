"""Starting other programs: shown to the user, asked quietly, or handed the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_ANSWER_SECONDS = 120
_REMEMBERED_LINES = 200


@dataclass(frozen=True)
class Outcome:
    """How a shown program ended: its exit status and the last lines of its standard error."""

    status: int
    errors: str


class Runner(Protocol):
    """The three ways in which the set-up starts a program; the tests bring their own."""

    def show(self, command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Outcome:
        """Run with all output visible, and remember what was said on standard error."""

    def ask(self, command: Sequence[str]) -> str | None:
        """Run silently; give standard output, or None when it cannot start, fails or does not answer."""

    def hand_over(self, command: Sequence[str], folder: Path) -> int:
        """Run with the terminal to itself; give the exit status."""


class Terminal:
    """The real thing."""

    def show(self, command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Outcome:
        """Run with all output visible; standard output stays a terminal, so pip draws its progress bars."""
        last: deque[str] = deque(maxlen=_REMEMBERED_LINES)
        with subprocess.Popen(
            list(command),
            cwd=folder,
            env={**clean_variables(), **variables},
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as process:
            try:
                for line in process.stderr or ():
                    sys.stderr.write(line)
                    sys.stderr.flush()
                    last.append(line)
            except KeyboardInterrupt:
                # Ctrl-C reached pip too: let it tidy up before the lock on the environment goes.
                process.wait()
                raise
        return Outcome(process.returncode, "".join(last))

    def ask(self, command: Sequence[str]) -> str | None:
        """Run silently; a program that is missing, fails or hangs gives None."""
        try:
            answer = subprocess.run(
                list(command),
                env=clean_variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                errors="replace",
                timeout=_ANSWER_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return answer.stdout

    def hand_over(self, command: Sequence[str], folder: Path) -> int:
        """Run with the terminal to itself; Ctrl-C is the program's to answer, and its summary is waited for."""
        with subprocess.Popen(list(command), cwd=folder, env=clean_variables()) as process:
            while True:
                try:
                    return process.wait()
                except KeyboardInterrupt:  # noqa: PERF203  (waiting is not a hot loop)
                    continue


def clean_variables() -> dict[str, str]:
    """Give this process's environment without what would lead another Python, or pip, astray.

    The user's mirrors, proxies and certificates stay: they are pip's settings and none of ours.
    """
    variables = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    # `user = true` in somebody's pip settings makes every install into a private environment fail.
    variables["PIP_USER"] = "0"
    variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    variables["PYTHONIOENCODING"] = "utf-8:replace"
    return variables
