"""A job bundle run on this machine by the `openjd` runner, the way a farm's host would."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.contract.errors import ServiceError
from engine.farm.job import TEMPLATE
from engine.farm.template import CHECK


def find_runner() -> Path:
    """Give the `openjd` program: the one beside this Python, else the one on the path.

    Raises:
        ServiceError: `farm.no_runner`.
    """
    found = shutil.which("openjd", path=str(Path(sys.executable).parent)) or shutil.which("openjd")
    if found is None:
        raise ServiceError(
            "farm.no_runner",
            "The Open Job Description runner is not installed, so the job was written and not run.",
            "Install it with: pip install openjd-cli. Or submit the bundle to a farm.",
        )
    return Path(found)


def run_bundle(
    runner: Path, bundle: Path, values: Mapping[str, str | int], retries: int, say: Callable[[str], None]
) -> None:
    """Run all steps of a bundle; after a failure, again: every frame that is done and valid is kept.

    Args:
        runner: the `openjd` program; it writes to this process's standard error stream.
        bundle: a folder that `write_bundle` has made.
        values: the values of its job parameters.
        retries: how many more times to run it.
        say: told before each further run.

    Raises:
        ServiceError: `farm.failed` if it fails every time.
    """
    parameters = {name: str(value) for name, value in values.items()}
    command = [str(runner), "run", str(bundle / TEMPLATE), "--step", CHECK, "--run-dependencies"]
    command += ["--job-param", json.dumps(parameters)]
    for attempt in range(retries + 1):
        if attempt:
            say(f"the job failed: run {attempt + 1} of {retries + 1} makes what is missing")
        if subprocess.run(command, check=False, stdout=sys.stderr).returncode == 0:  # noqa: S603 - our own bundle
            return
    raise ServiceError(
        "farm.failed",
        "The job failed; what its programs said about it stands above.",
        "Cure that and submit again: frames that are done are kept.",
    )
