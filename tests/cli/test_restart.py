"""The program starts anew where its C library has read an environment without ours."""

import os
import subprocess
import sys

import pytest

from engine.cli.serve import restart_prepared
from engine.model.ready.memory import prepared

PROGRAM = """
import os, pathlib, sys
from engine.cli.serve import restart_prepared
print(os.getpid(), flush=True)
restart_prepared()
print(pathlib.Path("/proc/self/environ").read_text().replace(chr(0), chr(10)))
print("arguments", sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's C library reads it")
def test_the_c_library_has_read_it():
    """A program goes on as the same process with the same arguments, started with the environment that it wants."""
    bare = {key: value for key, value in os.environ.items() if key not in prepared({})}
    command = [sys.executable, "-c", PROGRAM, "one", "two words"]
    first, second, *environment = subprocess.check_output(command, env=bare, text=True, timeout=60).splitlines()
    assert first == second
    assert {f"{key}={value}" for key, value in prepared({}).items()} <= set(environment)
    assert "arguments ['one', 'two words']" in environment


def test_an_environment_that_is_lost_on_the_way_is_not_tried_again(monkeypatch):
    """Where something takes the environment away at every start, a program goes on without it."""
    monkeypatch.setattr(os, "environ", {"MAM2_RESTARTED": str(os.getpid())})
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("started once more"))
    restart_prepared()
    assert os.environ["GLIBC_TUNABLES"] == prepared({})["GLIBC_TUNABLES"]
