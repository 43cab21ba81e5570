"""Jobs side by side: the order, the threads, and what happens when something goes wrong."""

from threading import Barrier

import pytest
import torch

from engine.model.config import MEMATTE_S, STARTER_MATTER
from engine.model.matter import Matter
from engine.session.side_by_side import frames_at_once, side_by_side


def test_jobs_run_at_the_same_time():
    """Two jobs that wait for each other both come to an end."""
    met = Barrier(2, timeout=20)
    places = side_by_side(iter([met.wait, met.wait]), 2)
    assert sorted(places) == [0, 1]


@pytest.mark.parametrize("width", [1, 2, 3])
def test_results_come_in_the_order_of_the_jobs(width):
    """Results keep the order of their jobs, and where there was no job there is no result."""
    jobs = [(lambda number=number: number) if number % 3 else None for number in range(12)]
    assert list(side_by_side(iter(jobs), width)) == [number for number in range(12) if number % 3]


@pytest.mark.parametrize("width", [1, 2, 3])
def test_what_was_done_before_an_error_is_not_lost(width):
    """Where the next job cannot be had, the results of those before come first and then the error."""

    def jobs():
        yield lambda: 1
        yield lambda: 2
        raise LookupError("no third")

    results = side_by_side(jobs(), width)
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(LookupError, match="no third"):
        next(results)


@pytest.mark.parametrize("width", [1, 2])
def test_a_job_that_fails_is_heard_of_in_its_turn(width):
    """A job's own error comes where its result would have come."""
    results = side_by_side(iter([lambda: 1, lambda: int("no number"), lambda: 3]), width)
    assert next(results) == 1
    with pytest.raises(ValueError, match="no number"):
        next(results)


@pytest.mark.parametrize(("width", "said"), [(1, []), (2, [True, False])])
def test_large_memory_goes_back_while_threads_share_it(monkeypatch, width, said):
    """Jobs on threads of their own keep no large blocks between them, and afterwards all are kept as before."""
    heard = []
    monkeypatch.setattr("engine.session.side_by_side.keep_freed_memory", lambda *, shared=False: heard.append(shared))
    assert list(side_by_side(iter([lambda: 1, lambda: 2]), width)) == [1, 2]
    assert heard == said


def test_a_result_does_not_wait_for_a_distant_job():
    """No more than `width` places of the jobs are looked at beyond the result that is given."""
    seen = []

    def jobs():
        for number in range(100):
            seen.append(number)
            yield (lambda: "done") if number == 0 else None

    results = side_by_side(jobs(), 2)
    assert next(results) == "done"
    assert seen == [0, 1, 2]


def test_every_job_has_one_thread_and_the_caller_keeps_its_own():
    """A job computes on one thread, its maker on those that are left, and the caller has as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    made_with = []

    def jobs():
        for _ in range(6):
            made_with.append(torch.get_num_threads())
            yield torch.get_num_threads

    try:
        found = []
        for threads in side_by_side(jobs(), 3):
            found.append(threads)
            assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)
    assert (found, made_with) == ([1] * 6, [1] * 6)


def test_small_matters_are_worth_it_on_small_plates(monkeypatch):
    """The starter mattes several frames of HD at once, one of 4K; a matter of full size always one."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 16)
    starter, large = Matter(STARTER_MATTER), Matter(MEMATTE_S)
    assert frames_at_once(starter, (1920, 1080), 3) == 3
    assert frames_at_once(starter, (1920, 1080), 1) == 1
    assert frames_at_once(starter, (4096, 2160), 3) == 1
    assert frames_at_once(large, (1920, 1080), 3) == 1
    assert frames_at_once(starter.to("meta"), (1920, 1080), 3) == 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert frames_at_once(Matter(STARTER_MATTER), (1920, 1080), 3) == 1
