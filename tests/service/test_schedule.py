"""Whose turn it is."""

from hypothesis import given
from hypothesis import strategies as st

from engine.service.jobs import PRIORITIES, Schedule


def test_a_preview_goes_before_a_track_and_a_track_before_a_batch():
    """What somebody looks at comes first, even of the shot that has just been served."""
    schedule = Schedule()
    for priority in reversed(PRIORITIES):
        schedule.add(priority, "sh", priority)
    order = []
    while (job := schedule.next(9)) is not None:
        order.append(job)
        schedule.remove(job)
    assert order == list(PRIORITIES)


def test_a_waiting_job_lets_others_pass():
    """A job without plates takes no turn until it can go on; later jobs of its shot wait behind it."""
    schedule = Schedule()
    schedule.add("a1", "a", "track")
    schedule.add("a2", "a", "track")
    schedule.add("b1", "b", "track")
    schedule.set_ready("a1", ready=False)
    assert [schedule.next(9) for _ in range(3)] == ["b1", "b1", "b1"]
    schedule.set_ready("a1", ready=True)
    assert schedule.next(9) == "a1"


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.integers(1, 60))
def test_shots_are_served_alike(shots, turns):
    """However many jobs each has, no shot is ever more than one frame ahead of another."""
    schedule = Schedule()
    for number, shot in enumerate(shots):
        schedule.add(f"{shot}/{number}", str(shot), "track")
    served = dict.fromkeys(map(str, shots), 0)
    for _ in range(turns):
        served[schedule.next(9).partition("/")[0]] += 1
    assert max(served.values()) - min(served.values()) <= 1


def test_more_shots_than_places_wait_for_one():
    """Shots beyond the places wait until one of those before them is done or waits for plates."""
    schedule = Schedule()
    for shot in "abc":
        schedule.add(shot, shot, "track")
    assert [schedule.next(2) for _ in range(4)] == ["a", "b", "a", "b"]
    schedule.set_ready("a", ready=False)
    assert [schedule.next(2) for _ in range(3)] == ["c", "b", "c"]
    schedule.remove("b")
    schedule.set_ready("a", ready=True)
    assert {schedule.next(2) for _ in range(2)} == {"a", "c"}
