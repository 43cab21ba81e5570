"""Starting a Python of ours: no code from the working directory, and no way to a network hub.

`python -m` puts the working directory before everything else, and whatever lies there under a module's name is run.
So this file is run instead, by its whole path: it finds the package where it lies itself.
"""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = sys.prefix
"""Where our processes work: a folder that is always there, and that no project writes to."""

_PATHS = ("OCIO", "MAM2_STORE", "MAM2_WEIGHTS")  # variables that may name a path from the working directory


def python_command(module: str, *arguments: str) -> list[str]:
    """Give the command that runs a module of ours as a program, to be run in `FOLDER` with `environment`."""
    safe = ["-P"] if sys.version_info >= (3, 11) else []
    return [sys.executable, *safe, str(Path(__file__).resolve()), module, *arguments]


def environment() -> dict[str, str]:
    """Give this process's environment as it holds in `FOLDER`, and with which libraries ask no hub for weights."""
    named = {name: os.environ[name] for name in _PATHS if os.environ.get(name)}
    whole = {name: str(Path(value).absolute()) for name, value in named.items() if Path(value).exists()}
    return {**os.environ, **whole, "HF_HUB_OFFLINE": "1"}


def run_python(module: str, *arguments: str, timeout: float) -> "subprocess.CompletedProcess[str]":
    """Run a module of ours as a program and give what it has said.

    Raises:
        subprocess.TimeoutExpired: it took more than `timeout` seconds, and was ended.
        OSError: it cannot be started.
    """
    return subprocess.run(  # noqa: S603 - our own program
        python_command(module, *arguments),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=FOLDER,
        env=environment(),
    )


def _run() -> None:
    import runpy  # noqa: PLC0415 - of use to the program alone

    own = Path(__file__).resolve().parent
    if not getattr(sys.flags, "safe_path", False):
        sys.path[:] = [entry for entry in sys.path if entry and Path(entry).resolve() != own]
    if str(own.parent) not in sys.path:
        sys.path.insert(0, str(own.parent))
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _run()
