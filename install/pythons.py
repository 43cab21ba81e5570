"""Which Python the environment is made with."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from problems import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from runner import Runner

SUPPORTED = ((3, 11), (3, 12), (3, 13), (3, 14))
"""Versions for which every pinned package has a release, the most tried one first."""

QUESTION = """
import importlib.util, json, platform, sys, sysconfig
print(json.dumps({
    "executable": sys.executable,
    "version": sys.version_info[:3],
    "venv": all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
    "wheels": platform.python_implementation() == "CPython" and sys.maxsize > 2**32
              and not sysconfig.get_config_var("Py_GIL_DISABLED"),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """One Python of this machine.

    Attributes:
        executable: its full path.
        version: major, minor, micro.
        venv: it can make environments (Debian ships that part apart).
        wheels: ready-made packages fit it: 64-bit CPython with the usual lock.
    """

    executable: str
    version: tuple[int, ...]
    venv: bool
    wheels: bool

    @property
    def supported(self) -> bool:
        """Whether the pinned packages can be installed for it."""
        return self.wheels and self.version[:2] in SUPPORTED

    def __str__(self) -> str:
        return f"Python {'.'.join(map(str, self.version))} ({self.executable})"


def candidates() -> Iterator[tuple[str, ...]]:
    """Give the commands that may start a suitable Python: the running one, then those with a version in their name."""
    yield (sys.executable,)
    for major, minor in SUPPORTED:
        yield ("py", f"-{major}.{minor}") if os.name == "nt" else (f"python{major}.{minor}",)


def question(runner: Runner, command: Iterable[str]) -> Interpreter | None:
    """Ask a Python about itself; None when it does not start (a shim, a store alias, a broken link)."""
    answer = runner.ask([*command, "-I", "-c", QUESTION])
    try:
        facts = json.loads(answer or "")
        return Interpreter(facts["executable"], tuple(facts["version"]), facts["venv"], facts["wheels"])
    except (ValueError, KeyError, TypeError):
        return None


def choose(runner: Runner, commands: Iterable[tuple[str, ...]]) -> Interpreter:
    """Give the first Python that fits.

    Raises:
        SetupError: none has a supported version, or those that have cannot make environments.
    """
    seen: list[Interpreter] = []
    for command in commands:
        found = question(runner, command)
        if found is None:
            continue
        if found.supported and found.venv:
            return found
        seen.append(found)
    for found in seen:
        if found.supported:
            raise _cannot_make_environments(found)
    raise _none_fits(seen)


def of_environment(folder: Path) -> Path:
    """Give the path of the Python inside an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _cannot_make_environments(found: Interpreter) -> SetupError:
    major, minor = found.version[:2]
    return SetupError(
        f"{found} cannot make a private environment: its venv part is not installed.",
        f"On Debian or Ubuntu: sudo apt install python{major}.{minor}-venv. Then run the same command again.",
    )


def _none_fits(seen: list[Interpreter]) -> SetupError:
    (first, *_), last = (f"{major}.{minor}" for major, minor in SUPPORTED), ".".join(map(str, SUPPORTED[-1]))
    found = f"found: {', '.join(map(str, seen))}" if seen else "no Python was found"
    return SetupError(
        f"The engine needs a 64-bit Python {first} to {last}; {found}.",
        "Install Python 3.12 from python.org or your system's packages, beside the one you have, "
        "and run the same command again.",
    )
