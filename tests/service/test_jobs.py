"""Jobs on disk."""

import anyio

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
