"""The stations of frames: what works at the same time, in which order results come, what happens when it goes wrong."""

from threading import Barrier, Event, current_thread
from threading import enumerate as threads

import pytest
import torch

from engine.contract.errors import OutputError
from engine.contract.plan import Visit
from engine.contract.shot import Point, ShotObject
from engine.model.config import MEMATTE_S, STARTER_MATTER
from engine.model.matter import Matter
from engine.session.features import FeatureCache, save_tensors
from engine.session.matting import frames_at_once
from engine.session.pipeline import Behind, Lane, Pipeline, in_order
from engine.session.session import ShotSession

CUP = ShotObject("cup", (Point(1, 32, 36),))


@pytest.fixture
def lane():
    """Give one with nothing under way."""
    lane = Lane("mam2-lane")
    yield lane
    lane.rest()


@pytest.fixture
def _two_at_once(monkeypatch):
    """Have tracks matte two frames at once, whatever threads there are."""
    monkeypatch.setattr("engine.session.session.frames_at_once", lambda *_: 2)


def _nothing():
    pytest.fail("it was begun before")


def test_a_lane_goes_on_beside_its_caller(lane):
    """Work and whoever began it can wait for each other."""
    met = Barrier(2, timeout=20)
    lane.begin(7, met.wait)
    met.wait()
    assert 7 in lane
    assert lane.take(7, _nothing) in (0, 1)
    assert 7 not in lane


def test_work_that_is_under_way_is_not_begun_again(lane):
    """Begun twice, work is done once."""
    made = []
    for _ in range(2):
        lane.begin(7, lambda: made.append(7))
    lane.take(7, _nothing)
    assert made == [7]


def test_work_that_nobody_takes_does_not_gather(lane):
    """Of what was begun and left, the two latest stay."""
    for frame in range(5):
        lane.begin(frame, lambda: "features")
    assert [frame for frame in range(5) if frame in lane] == [3, 4]


def test_a_lane_computes_on_one_thread(lane):
    """However many threads its caller has: so small a network gains nothing by more."""
    lane.begin(1, lambda: (torch.get_num_threads(), current_thread().name.startswith("mam2-lane")))
    assert lane.take(1, _nothing) == (1, True)


def test_what_goes_wrong_ahead_is_heard_once(lane):
    """What work raises is raised when it is taken, and it can be begun anew."""
    lane.begin(1, lambda: int("no number"))
    with pytest.raises(ValueError, match="no number"):
        lane.take(1, _nothing)
    assert lane.take(1, lambda: "features") == "features"


def test_what_may_come_meanwhile_is_tried_again():
    """A lane for what may be missing for a while tries once more, in its turn, and tells what goes wrong then."""
    lane = Lane("mam2-lane", again=True)
    lane.begin(1, lambda: int("not yet"))
    assert lane.take(1, lambda: "plate") == "plate"
    lane.begin(2, lambda: int("not yet"))
    with pytest.raises(ValueError, match="never"):
        lane.take(2, lambda: int("never"))
    lane.rest()


def test_a_lane_at_rest_has_no_thread_and_nothing_under_way(lane):
    """Rest ends its thread and forgets its work; afterwards it can begin again."""
    lane.begin(1, lambda: "features")
    lane.rest()
    assert 1 not in lane
    assert not [thread for thread in threads() if thread.name.startswith("mam2-lane")]
    assert lane.take(1, lambda: "again") == "again"


@pytest.mark.usefixtures("_two_at_once")
def test_the_next_plate_is_encoded_while_a_frame_is_tracked(model, plates, shot_of, monkeypatch):
    """Where frames are matted side by side, the second frame's plate is being encoded before the first is decoded."""
    begun, encode, decode = [], model.encode, model.decode_mask
    second = Event()

    def encoding(plate):
        begun.append(plate)
        if len(begun) == 2:
            second.set()
        return encode(plate)

    def decoding(*given):
        assert second.wait(20)
        return decode(*given)

    monkeypatch.setattr(model, "encode", encoding)
    monkeypatch.setattr(model, "decode_mask", decoding)
    with ShotSession(model, shot_of(1, 4, CUP), plates) as session:
        assert [mattes.frame for mattes in session.track()] == [1, 2, 3, 4]
    assert len(begun) == 4
    assert sorted(plates.reads) == [1, 2, 3, 4]


@pytest.mark.parametrize("width", [1, 2])
def test_what_a_failed_run_left_is_no_fault_of_the_next(width):
    """Where tracking fails while something is being recorded, the next run ends well, whatever became of that."""
    pipeline = Pipeline(_nothing, _nothing, _nothing, FeatureCache())
    there = [Visit(1, False, (), True)]

    def record():
        raise OSError("no room")

    def failing(_visit):
        pipeline.later(record)
        raise MemoryError("no memory")

    with pytest.raises(MemoryError, match="no memory"):
        list(pipeline.run(there, failing, width))
    assert list(pipeline.run(there, lambda visit: lambda: visit.frame, width)) == [1]
    pipeline.rest()


@pytest.mark.usefixtures("_two_at_once")
def test_what_fails_ahead_is_told_in_its_turn(model, plates, shot_of, monkeypatch):
    """A plate that cannot be encoded ends the track behind the frames before it, and can be encoded afterwards."""
    encode, asked = model.encode, []

    def encoding(plate):
        asked.append(plate)
        if len(asked) == 3:
            raise MemoryError("no room")
        return encode(plate)

    monkeypatch.setattr(model, "encode", encoding)
    with ShotSession(model, shot_of(1, 4, CUP), plates) as session:
        frames = []
        with pytest.raises(MemoryError, match="no room"):
            frames.extend(mattes.frame for mattes in session.track())
        assert frames == [1, 2]
        assert [mattes.frame for mattes in session.track()] == [3, 4]


@pytest.mark.usefixtures("_two_at_once")
def test_a_preview_under_way_costs_no_plate_twice_for_good(model, plates, shot_of):
    """A preview of another frame takes the place of the plates held ready: they are read again, those after are not."""
    with ShotSession(model, shot_of(1, 10, CUP), plates) as session:
        for mattes in session.track():
            if mattes.frame == 1:
                session.preview(10)
    twice = {frame for frame in plates.reads if plates.reads.count(frame) > 1}
    assert max(twice - {10}) <= 5


def test_jobs_run_at_the_same_time():
    """Two jobs that wait for each other both come to an end."""
    met = Barrier(2, timeout=20)
    places = in_order(iter([met.wait, met.wait]), 2)
    assert sorted(places) == [0, 1]


@pytest.mark.parametrize("width", [1, 2, 3])
def test_results_come_in_the_order_of_the_jobs(width):
    """Results keep the order of their jobs, and where there was no job there is no result."""
    jobs = [(lambda number=number: number) if number % 3 else None for number in range(12)]
    assert list(in_order(iter(jobs), width)) == [number for number in range(12) if number % 3]


@pytest.mark.parametrize("width", [1, 2, 3])
def test_what_was_done_before_an_error_is_not_lost(width):
    """Where the next job cannot be had, the results of those before come first and then the error."""

    def jobs():
        yield lambda: 1
        yield lambda: 2
        raise LookupError("no third")

    results = in_order(jobs(), width)
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(LookupError, match="no third"):
        next(results)


@pytest.mark.parametrize("width", [1, 2])
def test_a_job_that_fails_is_heard_of_in_its_turn(width):
    """A job's own error comes where its result would have come."""
    results = in_order(iter([lambda: 1, lambda: int("no number"), lambda: 3]), width)
    assert next(results) == 1
    with pytest.raises(ValueError, match="no number"):
        next(results)


@pytest.mark.parametrize(("width", "said"), [(1, []), (2, [True, False])])
def test_large_memory_goes_back_while_threads_share_it(monkeypatch, width, said):
    """Jobs on threads of their own keep no large blocks between them, and afterwards all are kept as before."""
    heard = []
    monkeypatch.setattr("engine.session.pipeline.keep_freed_memory", lambda *, shared=False: heard.append(shared))
    assert list(in_order(iter([lambda: 1, lambda: 2]), width)) == [1, 2]
    assert heard == said


def test_a_result_does_not_wait_for_a_distant_job():
    """No more than `width` places of the jobs are looked at beyond the result that is given."""
    seen = []

    def jobs():
        for number in range(100):
            seen.append(number)
            yield (lambda: "done") if number == 0 else None

    results = in_order(jobs(), 2)
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
        for threads in in_order(jobs(), 3):
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


def test_a_frame_is_written_while_the_next_is_made():
    """The caller goes on at once; it waits for one file before it hands on the next, and for the last at the end."""
    gate, written = Event(), []

    def write(frame):
        gate.wait(10)
        written.append(frame)

    with Behind() as behind:
        behind.put(lambda: write(1))
        assert written == []
        gate.set()
        behind.put(lambda: write(2))
        assert written[:1] == [1]
    assert written == [1, 2]


def test_a_failed_write_is_heard_of():
    """What went wrong with a file reaches the caller: when it hands on the next, or at the end."""
    written = []
    with pytest.raises(ValueError, match="no room"), Behind() as behind:
        behind.put(lambda: int("no room"))
    with Behind() as behind:
        behind.put(lambda: int("no room"))
        with pytest.raises(ValueError, match="no room"):
            behind.put(lambda: written.append(2))
    assert written == []


def test_an_error_elsewhere_lets_the_file_under_way_be_finished():
    """When the next frame fails, the one before is whole on disk, and the next one's error is what is told."""
    written = []

    def run():
        with Behind() as behind:
            behind.put(lambda: written.append(1))
            behind.put(lambda: int("its own"))
            raise ValueError("the next")

    with pytest.raises(ValueError, match="the next"):
        run()
    assert written == [1]


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_frame_that_cannot_be_recorded_fails_itself(model, plates, shot_of, monkeypatch, at_once):
    """Where what was found on a frame cannot be written, that frame is not given, those before are; the next does."""
    monkeypatch.setattr("engine.session.session.frames_at_once", lambda *_: at_once)
    refused = {3}

    def saving(path, tensors):
        if path.name == "3.step" and refused:
            refused.clear()
            raise OutputError("output.full_disk", "The disk is full.", "Make room.")
        return save_tensors(path, tensors)

    monkeypatch.setattr("engine.session.record.save_tensors", saving)
    with ShotSession(model, shot_of(1, 4, CUP), plates) as session:
        frames = []
        with pytest.raises(OutputError):
            frames.extend(mattes.frame for mattes in session.track())
        assert frames == [1, 2]
        assert [mattes.frame for mattes in session.track()] == [3, 4]


def test_a_plate_is_read_while_the_frame_before_is_tracked(model, plates, shot_of, monkeypatch):
    """On one thread too the second plate is read before the first frame is decoded, and every plate is read once."""
    monkeypatch.setattr("engine.session.session.frames_at_once", lambda *_: 1)
    display, decode, second = plates.display, model.decode_mask, Event()

    def reading(frame):
        if frame == 2:
            second.set()
        return display(frame)

    def decoding(*given):
        assert second.wait(20)
        return decode(*given)

    monkeypatch.setattr(plates, "display", reading)
    monkeypatch.setattr(model, "decode_mask", decoding)
    with ShotSession(model, shot_of(1, 4, CUP), plates) as session:
        assert [mattes.frame for mattes in session.track()] == [1, 2, 3, 4]
    assert plates.reads == [1, 2, 3, 4]
