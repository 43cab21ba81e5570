"""What a process is told before it loads its libraries."""

from engine.model.ready.memory import prepared

OURS = {
    "MALLOC_ARENA_MAX": "1",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256",
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "3000",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


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
