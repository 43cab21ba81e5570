"""The verbs that install for a user or a studio: engine and plug-ins, plug-ins alone, removal, doctor."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import carry_out
import lock
import manifest
import stamp
from actions import Advice, EditBetweenMarkers, MakeEnvironment, WriteFile
from environment import Environment, say
from options import read_options
from payload import version_of
from places import Machine, base_folder, engine_program
from plan import Order, describe, installed, plan
from problems import SetupError
from recipe import DEFAULT, Recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions import Action
    from host_programs import Host
    from options import Options
    from runner import Runner

_ENVIRONMENT = "environment"
_DOWNLOADS = "downloads"


def install(developers: Environment, arguments: Sequence[str]) -> int:
    """Install the engine and the plug-ins of the hosts that are found."""
    summary = "Install the engine, and the plug-ins of the hosts that are found."
    options = read_options("python3 install", summary, arguments, developers.root, engine=True, hosts=True)
    folder = base_folder(options.machine) / _ENVIRONMENT
    content = f"version {version_of(developers.root)}, PyTorch: {options.torch or _torch_of(folder)}"
    return _install(developers, options, Order(developers.root, options.hosts, folder, content))


def hosts(developers: Environment, arguments: Sequence[str]) -> int:
    """Install the plug-ins for an engine that is there."""
    summary = "Install the plug-ins of the hosts that are found."
    options = read_options("python3 install hosts", summary, arguments, developers.root, engine=False, hosts=True)
    folder = _engine_that_is_there(options.machine, developers.folder)
    return _install(developers, options, Order(developers.root, options.hosts, folder))


def remove(developers: Environment, arguments: Sequence[str]) -> int:
    """Remove what was installed, and nothing else."""
    summary = "Remove everything that was installed."
    options = read_options("python3 install remove", summary, arguments, developers.root, engine=False, hosts=False)
    base = base_folder(options.machine)
    known = manifest.read(base)
    if known is None:
        say(f"Nothing is installed: there is no {base / manifest.NAME}.")
        return 0
    say(f"This will be removed (version {known.version}):")
    for name in (*known.trees, *known.files):
        say(f"  remove                {name}")
    for name in known.edits:
        say(f"  take our lines out of {name}")
    if options.dry_run:
        return 0
    with lock.only_one(base, lambda: say(f"Waiting for another set-up in {base} ...")):
        for name in known.trees:
            shutil.rmtree(name, ignore_errors=True)
            if Path(name).exists():
                raise SetupError(
                    f"{name} cannot be removed entirely; a program may be using it.",
                    "Stop the engine and the hosts, and run the same command again.",
                )
    (base / lock.NAME).unlink(missing_ok=True)
    for folder in carry_out.remove(base, known):
        say(f"This folder stays, for there is something in it that the installation did not write: {folder}")
    say("Removed.")
    return 0


def doctor(developers: Environment, arguments: Sequence[str]) -> int:
    """Hand over to the `mam2 doctor` of the engine that is installed."""
    machine = Machine(sys.platform, Path.home(), os.environ)
    folder = _engine_that_is_there(machine, developers.folder)
    return developers.runner.hand_over([str(engine_program(machine, folder)), "doctor", *arguments], Path.cwd())


def _install(developers: Environment, options: Options, order: Order) -> int:
    base = base_folder(options.machine)
    known = manifest.read(base) or manifest.Manifest()
    first = not known.complete
    there = [host for host in installed(options.machine, known.files) if host.name not in map(_name, order.hosts)]
    order = replace(order, hosts=(*order.hosts, *there))
    actions = plan(options.machine, order)
    files = [action for action in actions if isinstance(action, (WriteFile, EditBetweenMarkers))]
    _tell(order.hosts, actions, whole=options.dry_run)
    carry_out.check(files, known)
    if options.dry_run:
        say("Nothing was changed (--dry-run).")
        return 0
    makes = [action.folder for action in actions if isinstance(action, MakeEnvironment)]
    _refuse_strangers(makes, known)
    # The manifest names the environment before there is one: an installation that is interrupted can be removed.
    carry_out.announce(base, version_of(order.root), makes)
    with lock.only_one(base, lambda: say(f"Waiting for another set-up in {base} ...")):
        for folder in makes:
            _make_environment(order.root, folder, options, developers.runner)
        carry_out.install(base, files, version_of(order.root), trees=makes)
    for action in actions:
        if isinstance(action, Advice):
            say(action.sentence)
    say(f"Installed. The engine's command is {engine_program(options.machine, order.environment)}")
    if files:
        say("Start the hosts again: they look for plug-ins when they start.")
    if makes:
        _offer_weights(options, engine_program(options.machine, order.environment), developers.runner, first=first)
    return 0


def _offer_weights(options: Options, program: Path, runner: Runner, *, first: bool) -> None:
    """Offer the recommended weights, once: `mam2 weights pull` shows size and licence, and asks.

    Nobody is asked who installs for others, without a network or without a terminal, or has been asked before.
    """
    command = [str(program), "weights", "pull", "recommended"]
    if first and options.machine.site is None and options.wheels is None and sys.stdin.isatty():
        say("The model that came along is small. One that follows objects better can be fetched now, or at any time:")
        with contextlib.suppress(OSError):  # what cannot be fetched now can be fetched later
            runner.hand_over(command, Path.cwd())
        return
    say(f"A model that follows objects better than the small one that came along: {shlex.join(command)}")


def _name(host: Host) -> str:
    return host.name


def _tell(hosts: Sequence[Host], actions: Sequence[Action], *, whole: bool) -> None:
    named = ", ".join(map(str, hosts)) or "none (name one with --nuke, --resolve or --fusion)"
    say(f"Hosts: {named}")
    say("This will be done:")
    for line in describe(actions, whole=whole):
        say(f"  {line}")


def _make_environment(root: Path, folder: Path, options: Options, runner: Runner) -> None:
    downloads = folder.parent / _DOWNLOADS
    variables = _kept_out_of_the_home(options.machine, downloads)
    recipe = Recipe(linked=False, torch=options.torch, wheels=options.wheels, pip=options.pip, variables=variables)
    Environment(root, folder, runner, recipe).prepare(())
    shutil.rmtree(downloads, ignore_errors=True)


def _kept_out_of_the_home(machine: Machine, folder: Path) -> dict[str, str]:
    """Give variables that keep pip, and the Rust compiler whose version it asks for, from making folders in the home.

    Where they have theirs already, they use them: a download that is there need not come again.
    """
    caches = {"win32": "AppData/Local/pip", "darwin": "Library/Caches/pip"}
    homes = {"PIP_CACHE_DIR": caches.get(machine.system, ".cache/pip"), "RUSTUP_HOME": ".rustup"}
    return {
        name: str(folder / name)
        for name, usual in homes.items()
        if name not in machine.environment and not (machine.home / usual).is_dir()
    }


def _refuse_strangers(folders: Sequence[Path], known: manifest.Manifest) -> None:
    for folder in folders:
        if str(folder) not in known.trees and folder.exists():
            raise SetupError(
                f"There is a folder {folder} that this installation has not made.",
                "Move it away, and run the same command again. Nothing was changed.",
            )


def _torch_of(folder: Path) -> str:
    known = stamp.read(folder)
    return known.torch if known else DEFAULT


def _engine_that_is_there(machine: Machine, developers: Path) -> Path:
    """Give the environment that was installed, or else the repository's own."""
    for folder in (base_folder(machine) / _ENVIRONMENT, developers):
        if engine_program(machine, folder).is_file():
            return folder
    raise SetupError("The engine is not installed.", "Run 'python3 install' first: it installs engine and plug-ins.")
