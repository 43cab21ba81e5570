"""The verbs of `python3 install`: what each does once the environment is ready."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import bundle
import whole
from environment import Environment, folder_for
from problems import STATUS, SetupError
from runner import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_INTERRUPTED = 130


@dataclass(frozen=True)
class Verb:
    """A summary of one line, and what to do with the arguments behind the verb; gives an exit status."""

    summary: str
    run: Callable[[Environment, Sequence[str]], int]


def demo(environment: Environment, arguments: Sequence[str]) -> int:
    """Matte the demo's shots and draw the pictures."""
    parser = argparse.ArgumentParser(prog="python3 install demo", description=VERBS["demo"].summary)
    parser.add_argument(
        "--out",
        type=Path,
        default=environment.root / "demo",
        metavar="DIR",
        help="folder for the results (default: demo, in the repository)",
    )
    out = parser.parse_args(arguments).out.absolute()
    environment.prepare(())
    return environment.run("-m", "engine", "demo", "--out", str(out))


def test(environment: Environment, arguments: Sequence[str]) -> int:
    """Run the tests; the arguments are pytest's."""
    environment.prepare(("test", "training"))
    return environment.run("-m", "pytest", *arguments)


INSTALL = "install"
VERBS = {
    INSTALL: Verb("the same as no verb: install the engine, and the plug-ins of the hosts found", whole.install),
    "hosts": Verb("install the plug-ins alone, for an engine that is there", whole.hosts),
    "doctor": Verb("look for what is wrong, with the engine that is installed", whole.doctor),
    "bundle": Verb("pack everything for machines without a network; OUT is a folder or a .zip", bundle.bundle),
    "remove": Verb("remove everything that was installed", whole.remove),
    "demo": Verb("set up, then matte the demo's shots; --out DIR says where the results go", demo),
    "test": Verb("set up, then run the tests; what follows goes to pytest", test),
}


_FROM_SOURCE = ("demo", "test", "bundle")


def usage() -> str:
    """Give the help text."""
    rows = "\n".join(f"  {name:<8}{verb.summary}" for name, verb in VERBS.items())
    return (
        f"usage: python3 install [VERB] [ARGUMENTS]\n\n{rows}\n\n"
        "Without a verb, or with options alone, it installs for you; --dry-run says what that would do.\n"
        "VERB --help says more. An installation keeps a list of what it wrote; 'remove' goes by that list.\n\n"
        "demo, test and bundle use a private environment in .venv (or in $MAM2_VENV). Its first set-up downloads\n"
        "what the engine needs, PyTorch above all. Nothing outside that folder is changed.\n"
    )


def _refusal(verb: str, root: Path) -> str:
    """Say why a verb cannot be had; nothing when it can."""
    if verb not in VERBS:
        return f"There is no verb '{verb}'.\n\n{usage()}"
    if verb in _FROM_SOURCE and not (root / "engine" / "__main__.py").exists():
        return f"'{verb}' needs the repository; this is a bundle. 'python3 install --wheels' installs it.\n"
    return ""


def main(arguments: Sequence[str]) -> int:
    """Run one verb; give the exit status: the verb's own, or 2 when there is no such verb or the set-up fails."""
    for stream in (sys.stdout, sys.stderr):
        # A path may hold letters that an old terminal cannot show; that is no reason to stop.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if arguments and arguments[0] in {"-h", "--help"}:
        print(usage())
        return 0
    if not arguments or arguments[0].startswith("-"):
        arguments = (INSTALL, *arguments)
    root = Path(__file__).resolve().parent.parent
    refusal = _refusal(arguments[0], root)
    if refusal:
        sys.stderr.write(refusal)
        return STATUS
    try:
        return VERBS[arguments[0]].run(Environment(root, folder_for(root), Terminal()), arguments[1:])
    except SetupError as problem:
        sys.stderr.write(f"\n{problem.message}\n{problem.hint}\n")
        return STATUS
    except OSError as problem:
        sys.stderr.write(
            f"\nThe set-up cannot use a file or folder: {problem}.\n"
            "Check that it may be written, or set MAM2_VENV (for an installation: --site) to a folder of your own.\n"
        )
        return STATUS
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Run the same command again: it goes on where it stopped.\n")
        return _INTERRUPTED
