"""A worker without its process: what becomes of jobs while plates, prompts and memory change under them."""

import numpy as np
import pytest
import torch
from running_engine import CUP, SIZE, write_plate

from engine.contract.shot import MaskPrompt, Point, Settings, ShotObject
from engine.media.matte_files import read_matte, write_exr
from engine.model.checkpoints import load_model
from engine.model.mam2 import MAM2
from engine.service.declaration import Declaration
from engine.service.matte_state import right_frames
from engine.service.store import Store
from engine.service.worker.models import Models
from engine.service.worker.offload import OnHost, place_matter
from engine.service.worker.runs import LADDER, MOST, Runs
from engine.service.worker.worker import Worker

FRAMES = range(1001, 1005)


@pytest.fixture(scope="module")
def model():
    """Give the starter, loaded once for all tests."""
    return load_model("starter", device="cpu")


@pytest.fixture
def bench(tmp_path, model):
    """Make workers on stores of their own."""
    benches = []

    def make():
        benches.append(Bench(tmp_path / str(len(benches)), model))
        return benches[-1]

    yield make
    for one in benches:
        one.runs.close()
    place_matter(model, on_host=False)


class Bench:
    """A worker, its store, and what it has said."""

    def __init__(self, folder, model):
        self.folder = folder
        self.store = Store(folder / "store")
        self.models = Models("cpu", 1 << 34, load=lambda *_, **__: model)
        self.runs = Runs(folder / "scratch", self.models)
        self.said = []
        self.worker = Worker(self.store, self.runs, self.said.append)

    def declare(self, name="sh", *, objects=CUP, direction="forward", frames=FRAMES):
        """Declare a shot and give it its plates."""
        settings = Settings(direction=direction)
        self.store.declare(name, Declaration(frames[0], frames[-1], *SIZE, settings, objects=objects))
        for frame in frames:
            self.put(frame, frame, name)

    def put(self, frame, picture, name="sh"):
        """Give a frame the plate that `pixels` draws under this number; older files go as the engine makes them go."""
        received = self.store.incoming()
        write_plate(self.folder, picture).rename(received)
        for older in self.store.shot(name).put_plate(frame, received, "exr"):
            older.unlink()

    def begin(self, job="job", name="sh", kind="track", **how):
        """Give the worker a job."""
        order = {"do": "job", "id": job, "shot": name, "kind": kind, "frame": None, "direction": None, **how}
        self.worker.hear(order)

    def poke(self, frame, name="sh"):
        """Say that a plate, or with None the declaration, is new."""
        self.worker.hear({"do": "poke", "shot": name, "frame": frame})

    def finish(self, most=200):
        """Work until there is nothing to do."""
        for _ in range(most):
            if not self.worker.work():
                return
        pytest.fail(f"no end after {most} turns: {self.said[-6:]}")

    def frames(self, job="job", *, kept=False):
        """Give the frames that a job has told of, in order."""
        told = [message for message in self.said if message["id"] == job and message["is"] == "frame"]
        return [message["frame"] for message in told if message["kept"] == kept]

    def last(self, job="job"):
        """Give what was said last of a job."""
        return [message for message in self.said if message["id"] == job][-1]

    def mattes(self, name="sh"):
        """Give the alphas of a shot."""
        stored = self.store.shot(name)
        return [read_matte(stored.matte(frame))["cup.alpha"] for frame in stored.mattes()]

    def right(self, name="sh"):
        """Give the frames whose mattes are right."""
        stored = self.store.shot(name)
        return sorted(right_frames(stored, stored.declaration())[0])


def test_a_plate_replaced_under_its_track_makes_it_begin_anew(bench):
    """Replacing a plate that a track has used leaves the mattes that tracking the new plates from nothing makes."""
    fresh = bench()
    fresh.declare()
    fresh.put(1001, 77)
    fresh.begin()
    fresh.finish()
    disturbed = bench()
    disturbed.declare()
    disturbed.begin()
    for _ in range(2):
        disturbed.worker.work()
    disturbed.put(1001, 77)
    disturbed.poke(1001)
    disturbed.finish()
    assert disturbed.last()["is"] == "done"
    assert disturbed.right() == list(FRAMES)
    assert disturbed.frames()[:3] == [1001, 1002, 1001]
    # What was matted before and still has its signature is kept; all that came after is of the new plate.
    assert np.array_equal(disturbed.mattes()[0], fresh.mattes()[0])
    assert all(np.array_equal(*pair) for pair in zip(disturbed.mattes()[2:], fresh.mattes()[2:], strict=True))


def test_a_plate_that_comes_twice_alike_changes_nothing(bench):
    """Sending the same plate again under a track neither begins it anew nor makes a matte twice."""
    one = bench()
    one.declare()
    one.begin()
    one.worker.work()
    one.put(1001, 1001)
    one.poke(1001)
    one.finish()
    assert one.frames() == list(FRAMES)


def test_a_matte_is_signed_with_the_plate_that_it_is_of(bench, monkeypatch):
    """A plate replaced between its reading and its matte's writing leaves a matte that is known to be stale."""
    one = bench()
    one.declare()
    one.begin()
    encode = MAM2.encode

    def slow(self, square):
        features = encode(self, square)
        one.put(1001, 77)
        monkeypatch.setattr(MAM2, "encode", encode)
        return features

    monkeypatch.setattr(MAM2, "encode", slow)
    one.worker.work()
    assert one.frames() == [1001]
    assert one.right() == []
    one.poke(1001)
    one.finish()
    assert one.right() == list(FRAMES)


def test_both_directions_share_what_the_encoder_made(bench, monkeypatch):
    """A shot tracked forward and then backward encodes every plate once, and a replaced plate alone once more."""
    encoded = []
    encode = MAM2.encode
    monkeypatch.setattr(MAM2, "encode", lambda self, square: encoded.append(1) or encode(self, square))
    one = bench()
    one.declare(objects=(ShotObject("cup", (Point(1004, 20.0, 24.0), Point(1001, 20.0, 24.0))),))
    one.begin("forth", direction="forward")
    one.finish()
    one.begin("back", direction="backward")
    one.finish()
    assert one.last("back")["is"] == "done"
    assert len(encoded) == len(FRAMES)
    one.put(1002, 77)
    one.begin("again", direction="backward")
    one.finish()
    assert len(encoded) == len(FRAMES) + 1


def test_a_preview_does_not_turn_a_track_round(bench):
    """A preview of the declared direction amid a track of another one leaves the track its own way."""
    one = bench()
    one.declare(direction="both", objects=(ShotObject("cup", (Point(1003, 20.0, 24.0),)),))
    one.begin("track", direction="forward")
    one.worker.work()
    one.begin("look", kind="preview", frame=1002)
    one.finish()
    assert one.last("look")["is"] == "done"
    assert one.frames("track") == [1003, 1004]


def test_prompts_given_under_a_track_are_tracked_by_it(bench):
    """A track whose prompts change on its way ends with mattes that are right by the new ones."""
    one = bench()
    one.declare()
    one.begin()
    for _ in range(3):
        one.worker.work()
    corrected = (ShotObject("cup", (*CUP[0].prompts, Point(1003, 50.0, 40.0, positive=False))),)
    one.store.declare("sh", Declaration(1001, 1004, *SIZE, Settings(direction="forward"), objects=corrected))
    one.poke(None)
    one.finish()
    assert one.frames() == [1001, 1002, 1003, 1003, 1004]
    assert one.right() == list(FRAMES)


def test_a_mask_file_that_changes_is_read_again(bench, tmp_path):
    """A mask prompt's file counts by its contents: changed under its name, it makes other mattes at the next track."""
    mask = tmp_path / "mask.exr"
    left = np.zeros(SIZE[::-1], np.float32)
    left[:, :32] = 1
    write_exr(mask, {"Y": left}, "")
    one = bench()
    one.declare(objects=(ShotObject("cup", (MaskPrompt(1001, str(mask)),)),))
    one.begin("first")
    one.finish()
    before = one.mattes()
    write_exr(mask, {"Y": 1 - left}, "")
    assert one.right() == []
    one.begin("second")
    one.finish()
    assert one.frames("second") == list(FRAMES)
    assert not np.array_equal(one.mattes()[0], before[0])
    mask.unlink()
    assert one.right() == []


def test_more_shots_than_are_held_all_come_to_their_end(bench):
    """However many shots are tracked at once, each gets all its mattes."""
    one = bench()
    names = [f"s{number}" for number in range(MOST + 2)]
    for name in names:
        one.declare(name, frames=range(1001, 1003))
        one.begin(name, name)
    one.finish()
    assert all(one.last(name)["is"] == "done" for name in names)


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
    monkeypatch.setattr("engine.service.worker.models.find_files", lambda name, _: name)
    monkeypatch.setattr("engine.service.worker.models._identity", lambda files: files)

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
