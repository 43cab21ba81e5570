"""Jobs on disk."""

import sys
import time

import anyio
import pytest

from engine.service import jobs
from engine.service.jobs import JobBook


def test_a_job_is_what_it_was_after_a_restart(tmp_path):
    """Facts and events of a job come back under their numbers; a line cut off by a crash did not happen."""
    book = JobBook(tmp_path)
    job = book.add("sh", "track", direction="forward")
    book.tell(job, "started", {"total": 9})
    book.tell(job, "frame", {"frame": 1001})
    with (tmp_path / f"{job.id}.jsonl").open("a") as file:
        file.write('["frame", {"fra')
    again = JobBook(tmp_path).get(job.id)
    assert (again.shot, again.kind, again.direction) == ("sh", "track", "forward")
    assert again.events == job.events
    assert (again.state, again.done, again.total) == ("running", {1001}, 9)


def test_nothing_happens_to_a_job_that_is_over(tmp_path):
    """The first end counts: what a worker says afterwards is not noted."""
    book = JobBook(tmp_path)
    job = book.add("sh", "track")
    book.tell(job, "cancelled")
    book.tell(job, "frame", {"frame": 1})
    assert [event.kind for event in job.events] == ["queued", "cancelled"]
    assert not book.unfinished()


def test_a_listener_hears_what_comes_and_then_the_end(tmp_path):
    """Events reach who listens as they happen, silence gives a sign of life, and the end ends it."""

    async def listen():
        book = JobBook(tmp_path)
        job = book.add("sh", "track")

        async def work():
            await anyio.sleep(0.15)
            book.tell(job, "frame", {"frame": 1})
            book.tell(job, "done")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            return [event.kind if event else None async for event in book.events(job, 0, pulse=0.05)]

    heard = anyio.run(listen)
    assert heard[0] == "queued"
    assert heard[-2:] == ["frame", "done"]
    assert None in heard


def test_jobs_are_in_order_though_the_clock_is_set_back(tmp_path, monkeypatch):
    """A job made after the clock was set back by hours still comes after the one before it, also after a restart."""
    book = JobBook(tmp_path)
    first = book.add("sh", "track")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 3 * 3600)
    second = book.add("sh", "track")
    again = JobBook(tmp_path)
    third = again.add("sh", "track")
    assert [job.id for job in JobBook(tmp_path).unfinished()] == [first.id, second.id, third.id]


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on files is how a full disk is made")
def test_a_full_disk_loses_no_event(tmp_path):
    """Events of a time without room are on disk once there is room again; a job that has none is not begun."""
    import resource

    book = JobBook(tmp_path)
    job = book.add("sh", "track")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / f"{job.id}.jsonl").stat().st_size + 9, hard))
    try:
        book.tell(job, "started", {"total": 9})
        book.tell(job, "frame", {"frame": 1001})
        assert len(JobBook(tmp_path).get(job.id).events) == 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (9, hard))
        with pytest.raises(OSError, match="large"):
            book.add("sh", "track")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    book.tell(job, "done")
    again = JobBook(tmp_path)
    assert list(again.jobs) == [job.id]
    assert again.get(job.id).events == job.events


def _ended(book, frames):
    job = book.add("sh", "track")
    for frame in range(frames):
        book.tell(job, "frame", {"frame": frame})
    book.tell(job, "done")
    return job.id


def test_jobs_that_are_long_over_are_forgotten(tmp_path, monkeypatch):
    """Of ended jobs the newest are remembered, so many and of so many events; the last one and those at work always."""
    monkeypatch.setattr(jobs, "MOST_ENDED", 4)
    monkeypatch.setattr(jobs, "MOST_EVENTS", 100)
    book = JobBook(tmp_path)
    at_work = book.add("sh", "track")
    few = [_ended(book, 1) for _ in range(6)]
    last = book.add("sh", "track")
    assert list(book.jobs) == [at_work.id, *few[-4:], last.id]
    many = [_ended(book, frames) for frames in (60, 60, 200)]
    assert list(book.jobs) == [at_work.id, last.id, *many[1:]]
    book.tell(book.add("sh", "preview"), "done")
    assert many[-1] not in JobBook(tmp_path).jobs
    assert {path.stem for path in tmp_path.iterdir()} == set(JobBook(tmp_path).jobs)
