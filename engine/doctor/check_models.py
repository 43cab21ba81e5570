"""The starter, and the weights that were taken in."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from engine.contract.errors import ModelError
from engine.doctor.facts import FAULT, OK, WARNING, Finding, Machine
from engine.model.config import CONFIGS
from engine.own_python import run_python
from engine.weights.catalogue import STARTER_FILE, SUFFIX, lacking, weights_folder
from engine.weights.pull import read_record

_SECONDS = 600


def check_models(machine: Machine) -> Iterator[Finding]:
    """Check every number of every weights file that is here, and say which models can run."""
    del machine
    folder = weights_folder()
    files = [*filter(Path.is_file, [STARTER_FILE]), *sorted(folder.glob(f"*{SUFFIX}"))]
    if STARTER_FILE not in files:
        yield Finding(
            "models", FAULT, "The starter is missing from the installation.", "Set up again: python3 install."
        )
    damaged = 0
    for problem in _problems(files):
        damaged += 1
        yield problem
    ready = [name for name in CONFIGS if not lacking(name, folder)]
    if not damaged and STARTER_FILE in files:
        alone = "; better on footage: mam2 weights pull recommended" if ready == ["starter"] else ""
        yield Finding("models", OK, f"whole and ready: {', '.join(ready)}{alone}")


def check_record(machine: Machine) -> Iterator[Finding]:
    """Say whether the checksums of first pulls can be read."""
    del machine
    try:
        read_record(weights_folder())
    except ModelError as problem:
        yield Finding("models", WARNING, "The record of pulled weights' checksums is damaged.", problem.hint)


def _problems(files: list[Path]) -> Iterator[Finding]:
    """Have the files checked by a process of its own, which may load PyTorch."""
    asked = [str(path.absolute()) for path in files]
    try:
        ran = run_python("engine", "weights", "verify", "--json", *asked, timeout=_SECONDS)
        results = json.loads(ran.stdout)
    except (subprocess.TimeoutExpired, OSError, ValueError):
        yield Finding("models", FAULT, "The weights could not be checked.", "See what it says: mam2 weights verify.")
        return
    for result in results:
        if not result["whole"]:
            name = Path(result["file"]).name.removesuffix(SUFFIX)
            again = (
                "Set up again: python3 install."
                if name == "starter"
                else (f"Remove and fetch or import it again: mam2 weights remove {name}.")
            )
            yield Finding("models", FAULT, f"The weights of '{name}' are damaged.", again)
