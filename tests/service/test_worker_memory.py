"""What a worker gives up when memory runs out, in which order, and how it says so."""

import numpy as np
import pytest
import torch
from worker_bench import FRAMES

from engine.service.worker.runs import Models
from engine.session.ladder import LADDER
from engine.session.transfer import OnHost

# One frame at a time, as on a GPU.
pytestmark = pytest.mark.usefixtures("one_thread")


def _short_of_memory(monkeypatch, model, times):
    """Let the matter run out of memory a number of times."""
    left = [times]
    forward = model.matter.forward

    def short(plate, trimap):
        if left[0]:
            left[0] -= 1
            raise torch.OutOfMemoryError("no more")
        return forward(plate, trimap)

    monkeypatch.setattr(model.matter, "forward", short)


def test_memory_that_runs_out_costs_quality_which_is_said(bench, model, monkeypatch):
    """After each time that memory runs out the matter sees less at once; the job goes on and says what it sees."""
    one = bench()
    one.declare()
    one.begin()
    one.worker.work()
    _short_of_memory(monkeypatch, model, 2)
    one.finish()
    assert one.last()["is"] == "done"
    told = [message["quality"]["tile"] for message in one.said if message["is"] == "frame"]
    assert told == [LADDER[0].limits.tile] + [LADDER[2].limits.tile] * 3


def test_the_matter_leaves_the_device_before_a_job_is_refused(bench, model, monkeypatch):
    """On the last rung the matter computes on the host, to the same result; the next shot has it on the device."""
    one = bench()
    one.declare()
    one.begin()
    one.finish()
    expected = one.mattes()
    other = bench()
    other.declare()
    _short_of_memory(monkeypatch, model, len(LADDER) - 1)
    other.begin()
    other.finish()
    assert {message["quality"]["on_host"] for message in other.said if message["is"] == "frame"} == {1}
    assert isinstance(model.matter, OnHost)
    assert all(np.array_equal(*pair) for pair in zip(other.mattes(), expected, strict=True))
    other.declare("next")
    other.begin("next", "next")
    other.finish()
    assert not isinstance(model.matter, OnHost)
    assert other.last("next")["is"] == "done"


def test_memory_that_never_suffices_is_said_in_words(bench, model, monkeypatch):
    """When even the smallest tiles are too much the job fails with what to do; the next job is tried again."""
    one = bench()
    one.declare()
    _short_of_memory(monkeypatch, model, len(LADDER))
    one.begin()
    one.finish()
    assert one.last()["error"]["code"] == "engine.out_of_memory"
    assert one.last()["error"]["hint"]
    one.begin("again")
    one.finish()
    assert one.last("again")["is"] == "done"


@pytest.mark.parametrize(("part", "says"), [("encode", "track"), ("recall", "track"), ("load", "weights")])
def test_a_stage_that_never_has_enough_is_named(part, says, bench, model, monkeypatch):
    """Memory that runs out in loading weights, encoding or recalling ends the job with one clear sentence."""

    def short(*_, **__):
        raise RuntimeError("CUDA error: out of memory")

    one = bench()
    one.declare()
    monkeypatch.setattr(*((one.models, "get") if part == "load" else (model, part)), short)
    one.begin()
    one.finish()
    error = one.last()["error"]
    assert error["code"] == "engine.out_of_memory"
    assert says in error["message"]


def test_another_shot_makes_room_before_quality_goes(bench, model, monkeypatch):
    """When memory runs out the other shots are let go first, and from then on shots are tracked one after another."""
    one = bench()
    for name in ("a", "b"):
        one.declare(name)
        one.begin(name, name)
    one.worker.work()
    one.worker.work()
    _short_of_memory(monkeypatch, model, 1)
    one.finish()
    assert {message["quality"]["tile"] for message in one.said if message["is"] == "frame"} == {LADDER[0].limits.tile}
    assert [one.last(name)["is"] for name in ("a", "b")] == ["done", "done"]
    assert one.frames("a") == one.frames("b") == list(FRAMES)
    order = [message["id"] for message in one.said if message["is"] == "frame"]
    assert order[2:] in (["a"] * 3 + ["b"] * (len(order) - 5), ["b"] * 3 + ["a"] * (len(order) - 5))


class _Weights:
    """Something of a size, as models know it."""

    def __init__(self, name):
        self.name = name

    def state_dict(self):
        """Give a thousand bytes."""
        return {"weights": torch.zeros(250)}


def test_models_share_a_budget(monkeypatch):
    """A model is loaded once for all who ask; beyond the budget the one used longest ago goes."""
    loaded = []
    monkeypatch.setattr("engine.service.worker.runs.find_files", lambda name, _: name)
    monkeypatch.setattr("engine.service.worker.runs._identity", lambda files: files)

    def load(name, device):
        loaded.append((name, device))
        return _Weights(name)

    models = Models("cpu", 2000, load=load)
    first = models.get("a")
    models.get("b")
    assert models.get("a") is first
    models.get("c")
    assert first in models
    assert models.bytes == 2000
    models.get("b")
    assert first not in models
    assert [name for name, _ in loaded] == ["a", "b", "c", "b"]
