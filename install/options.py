"""The options of the verbs that install, and what follows from them."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import recipe
from host_programs import NUKE, Host, find_hosts
from places import FUSION, RESOLVE, this_machine
from problems import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from places import Machine

_HOSTS = {"nuke": NUKE, "resolve": RESOLVE, "fusion": FUSION}


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        machine: this one, with the shared folder if one was named.
        dry_run: say what would be done, and do nothing.
        hosts: those whose plug-ins are wanted.
        torch: a build of PyTorch, as `recipe.check_torch` gives it.
        wheels: a folder that holds everything.
        pip: options for pip.
    """

    machine: Machine
    dry_run: bool
    hosts: tuple[Host, ...] = ()
    torch: str = ""
    wheels: Path | None = None
    pip: tuple[str, ...] = ()


def read_options(
    prog: str, summary: str, arguments: Sequence[str], root: Path, *, engine: bool, hosts: bool
) -> Options:
    """Read a verb's arguments.

    Args:
        prog: the command, for its help.
        summary: what it does.
        arguments: what follows the verb.
        root: the repository, or an unpacked bundle.
        engine: the verb makes an environment.
        hosts: the verb installs plug-ins.

    Raises:
        SetupError: something was named that there is not.
    """
    own, pip = split_pip(arguments) if engine else (list(arguments), [])
    parser = argparse.ArgumentParser(prog=prog, description=summary, epilog=_EPILOG if engine else None)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--site", type=Path, metavar="DIR", help="for everybody: engine and Nuke plug-in go into DIR")
    if hosts:
        for name, host in _HOSTS.items():
            parser.add_argument(f"--{name}", action="store_true", help=f"the plug-in for {host}, found or not")
    if engine:
        parser.add_argument("--torch", default="", metavar="BUILD", help="default, cpu, cuda, rocm, or a label (cu128)")
        here = root / "wheels"
        parser.add_argument(
            "--wheels", type=Path, nargs="?", const=here, metavar="DIR", help=f"no network: from DIR (default: {here})"
        )
    given = vars(parser.parse_args(own))
    site = given["site"].expanduser().absolute() if given["site"] else None
    machine = this_machine(site)
    wheels = given.get("wheels")
    if wheels is not None and not any(wheels.glob("*.whl")):
        raise SetupError(f"There are no wheels in {wheels}.", "'python3 install bundle' makes a folder that has them.")
    return Options(
        machine,
        given["dry_run"],
        _wanted(machine, [host for name, host in _HOSTS.items() if given.get(name)]) if hosts else (),
        recipe.check_torch(given.get("torch", ""), sys.platform),
        wheels.absolute() if wheels is not None else None,
        tuple(pip),
    )


_EPILOG = "What follows -- goes to every 'pip install', an index or a proxy of your own for one."


def split_pip(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give what stands before a `--`, and what stands behind it and is pip's."""
    if "--" not in arguments:
        return list(arguments), []
    at = list(arguments).index("--")
    return list(arguments[:at]), list(arguments[at + 1 :])


def _wanted(machine: Machine, named: Sequence[str]) -> tuple[Host, ...]:
    """Give the hosts that were named, in the versions found; without names, all that were found."""
    found = find_hosts(machine)
    if not named:
        return found
    wanted: list[Host] = []
    for name in named:
        wanted += [host for host in found if host.name == name and host.supported] or [Host(name)]
    return tuple(wanted)
