"""What a process is told before it loads its libraries, and what becomes of freed memory."""

import platform
import subprocess
import sys

import pytest

from engine.model.ready.memory import keep_freed_memory, prepared

OURS = {
    "MALLOC_ARENA_MAX": "1",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256",
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "3000",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
_GAPS = """
import psutil, torch
from engine.model.ready.memory import give_back_freed_memory, keep_freed_memory
size = lambda: psutil.Process().memory_info().rss / 2**20
keep_freed_memory()
before = size()
blocks = [torch.ones(1 << 20) for _ in range(128)]
blocks = blocks[15::16]
kept = size() - before
give_back_freed_memory()
print(kept, size() - before)
"""


def test_memory_and_waiting_are_said_where_nobody_has():
    """Threads share one store of memory in large pages and sleep after a short spin; fewer layers stay compiled."""
    assert prepared({"LANG": "C"}) == {"LANG": "C", **OURS}


def test_what_a_user_has_said_stays():
    """A policy of the user's own is kept whole: no spinning of ours is mixed into it."""
    said = {"OMP_WAIT_POLICY": "ACTIVE", "MALLOC_ARENA_MAX": "4", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "1024"}
    said["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=0"
    assert prepared(said) == said


def test_other_tunables_are_joined():
    """What else a user tells the C library stays beside ours."""
    said = {"GLIBC_TUNABLES": "glibc.malloc.check=1"}
    assert prepared(said)["GLIBC_TUNABLES"] == "glibc.malloc.check=1:glibc.malloc.hugetlb=1"


@pytest.mark.parametrize("shared", [True, False])
def test_freed_memory_is_kept_where_the_c_library_can(shared):
    """On Linux with glibc freed memory stays with the process; elsewhere nothing is done, and that is said."""
    assert keep_freed_memory(shared=shared) == (platform.libc_ver()[0] == "glibc")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="elsewhere freed memory is not kept")
def test_freed_memory_is_given_back_when_asked(repository):
    """What is freed between tensors that stay goes back to the system, though it is not at the end."""
    said = subprocess.run([sys.executable, "-c", _GAPS], capture_output=True, text=True, check=True, cwd=repository)
    kept, given_back = (float(word) for word in said.stdout.split())
    assert kept > 350
    assert given_back < 100


def test_what_is_told_before_torch_loads_needs_no_torch(repository):
    """The module that a process asks before it loads torch does not load it."""
    asked = "import sys; import engine.model.ready.memory; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=repository)
    assert said.stdout.strip() == "False"
