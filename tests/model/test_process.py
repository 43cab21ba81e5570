"""What a process is told before it loads its libraries."""

import os
import subprocess
import sys

import pytest

from engine.model.process import prepared, restart_prepared

OURS = {
    "MALLOC_ARENA_MAX": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "3000",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
PROGRAM = """
import os, pathlib, sys
from engine.model.process import restart_prepared
print(os.getpid(), flush=True)
restart_prepared()
print(pathlib.Path("/proc/self/environ").read_text().replace(chr(0), chr(10)))
print("arguments", sys.argv[1:])
"""


def test_memory_and_waiting_are_said_where_nobody_has():
    """Threads share one store of memory in large pages and sleep after a short spin, unless told otherwise."""
    assert prepared({"LANG": "C"}) == {"LANG": "C", **OURS}


def test_what_a_user_has_said_stays():
    """A policy of the user's own is kept whole: no spinning of ours is mixed into it."""
    said = {"OMP_WAIT_POLICY": "ACTIVE", "MALLOC_ARENA_MAX": "4", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}
    assert prepared(said) == said


def test_other_tunables_are_joined():
    """What else a user tells the C library stays beside ours."""
    said = {"GLIBC_TUNABLES": "glibc.malloc.check=1"}
    assert prepared(said)["GLIBC_TUNABLES"] == "glibc.malloc.check=1:glibc.malloc.hugetlb=1"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's C library reads it")
def test_the_c_library_has_read_it():
    """A program goes on as the same process with the same arguments, started with the environment that it wants."""
    bare = {key: value for key, value in os.environ.items() if key not in OURS}
    command = [sys.executable, "-c", PROGRAM, "one", "two words"]
    first, second, *environment = subprocess.check_output(command, env=bare, text=True, timeout=60).splitlines()
    assert first == second
    assert {f"{key}={value}" for key, value in OURS.items()} <= set(environment)
    assert "arguments ['one', 'two words']" in environment


def test_an_environment_that_is_lost_on_the_way_is_not_tried_again(monkeypatch):
    """Where something takes the environment away at every start, a program goes on without it."""
    monkeypatch.setattr(os, "environ", {"MAM2_RESTARTED": str(os.getpid())})
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("started once more"))
    restart_prepared()
    assert os.environ["GLIBC_TUNABLES"] == OURS["GLIBC_TUNABLES"]
