"""What a process is told before it loads its libraries."""

from engine.model.process import prepared


def test_memory_and_waiting_are_said_where_nobody_has():
    """Threads share one store of memory and wait asleep after a short spin, unless the environment says otherwise."""
    bare = prepared({"LANG": "C"})
    assert bare.pop("LANG") == "C"
    assert bare == {"MALLOC_ARENA_MAX": "1", "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "3000"}


def test_what_a_user_has_said_stays():
    """A policy of the user's own is kept whole: no spinning of ours is mixed into it."""
    said = {"OMP_WAIT_POLICY": "ACTIVE", "MALLOC_ARENA_MAX": "4"}
    assert prepared(said) == said
