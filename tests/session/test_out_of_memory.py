"""Memory that runs out: every library's words for it, what is given up, what comes back, and what is said."""

import cv2
import numpy as np
import pytest
import torch

from engine.contract.errors import ServiceError
from engine.contract.shot import Point, ShotObject
from engine.session.ladder import _UP_AFTER, LADDER, Ladder, track_within_memory
from engine.session.out_of_memory import (
    LOAD,
    MATTER,
    TRACKER,
    OutOfMemory,
    at_stage,
    is_out_of_memory,
    stage_of,
    too_little_memory,
)
from engine.session.session import ShotSession
from engine.session.transfer import OnHost, place_matter

DISC = ShotObject("disc", (Point(1, 31, 36),))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8.99 GB, other allocations: 1.0 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8192 bytes."),
        cv2.error("OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 8192 bytes"),
        OutOfMemory(MATTER),
    ],
)
def test_every_way_to_say_that_memory_ran_out_is_known(error):
    """CUDA, cuDNN, cuBLAS, Metal, PyTorch on a processor, OpenCV and Python say it in different words."""
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes cannot be multiplied"), ValueError("out of memory"), KeyError("memory"), OSError(28)]
)
def test_other_errors_are_not_about_memory(error):
    """A mistake of ours stays one."""
    assert not is_out_of_memory(error)


def test_what_ran_out_is_known():
    """An error keeps the stage that it was raised in; what was said of none is the tracker's."""
    with pytest.raises(OutOfMemory) as raised, at_stage(LOAD), at_stage(MATTER):
        raise RuntimeError("CUDA error: out of memory")
    assert stage_of(raised.value) == MATTER
    assert stage_of(torch.OutOfMemoryError("no more")) == TRACKER
    with pytest.raises(ValueError, match="other"), at_stage(MATTER):
        raise ValueError("other")
    said = {stage: too_little_memory(stage).message for stage in (LOAD, TRACKER, MATTER)}
    assert len(set(said.values())) == 3


def test_a_tracker_has_the_device_for_itself_at_once():
    """Smaller tiles give a tracker nothing: where it ran out, the matter leaves the device."""
    ladder = Ladder()
    assert ladder.down(TRACKER)
    assert ladder.rung.on_host
    assert not ladder.down(TRACKER)


def test_what_was_given_up_comes_back():
    """After some frames that go well the matter gets more again; where that was too much, it takes twice as long."""
    ladder = Ladder()
    assert ladder.down(MATTER)
    assert [ladder.went_well() for _ in range(_UP_AFTER)] == [False] * (_UP_AFTER - 1) + [True]
    assert ladder.rung == LADDER[0]
    assert ladder.down(MATTER)
    assert not any(ladder.went_well() for _ in range(2 * _UP_AFTER - 1))
    assert ladder.went_well()


def running_out(monkeypatch, owner, name, times):
    """Let a method run out of memory a number of times, each time in other words."""
    plain, left = getattr(owner, name), [times]

    def short(*args, **kwargs):
        if left[0]:
            left[0] -= 1
            raise (torch.OutOfMemoryError, RuntimeError)[left[0] % 2]("MPS backend out of memory")
        return plain(*args, **kwargs)

    monkeypatch.setattr(owner, name, short)


@pytest.fixture(name="tracked")
def track(model, plates, shot_of):
    """Give what tracks the small shot within memory; the model is as it was afterwards."""

    def tracked():
        with ShotSession(model, shot_of(1, 5, DISC), plates) as session:
            return [(one.frame, one.objects["disc"].alpha_hw) for one in track_within_memory(session, lambda _: False)]

    yield tracked
    place_matter(model, on_host=False)


@pytest.mark.parametrize(("part", "times"), [("encode", 1), ("recall", 1), ("matter.forward", len(LADDER) - 1)])
@pytest.mark.usefixtures("one_thread")
def test_a_shot_goes_on_with_less(part, times, tracked, model, monkeypatch):
    """Wherever memory runs out, every frame is given once, in order, and nothing that was found is lost."""
    want = tracked()
    name, _, method = part.rpartition(".")
    running_out(monkeypatch, model.get_submodule(name), method, times)
    found = tracked()
    assert isinstance(model.matter, OnHost)
    assert [frame for frame, _ in found] == [frame for frame, _ in want] == [1, 2, 3, 4, 5]
    for (_, mine), (_, theirs) in zip(found, want, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(("part", "says"), [("encode", "track"), ("recall", "track"), ("matter.forward", "matte")])
@pytest.mark.usefixtures("one_thread")
def test_memory_that_never_suffices_is_said_in_words(part, says, tracked, model, monkeypatch):
    """At the ladder's foot the error says which part of the work it was, and what can be done."""
    name, _, method = part.rpartition(".")
    running_out(monkeypatch, model.get_submodule(name), method, 99)
    with pytest.raises(ServiceError, match=says) as raised:
        tracked()
    assert raised.value.code == "engine.out_of_memory"
    assert raised.value.hint
