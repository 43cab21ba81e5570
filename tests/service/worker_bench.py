"""A worker without its process, on a store that only the test knows."""

import pytest
from running_engine import CUP, SIZE, write_plate

from engine.contract.shot import Settings
from engine.media.matte_files import read_matte
from engine.service.declaration import Declaration
from engine.service.matte_states import right_frames
from engine.service.store import Store
from engine.service.worker.runs import Models, Runs
from engine.service.worker.worker import Worker

FRAMES = range(1001, 1005)


class Bench:
    """A worker, its store, and what it has said."""

    def __init__(self, folder, model):
        self.folder = folder
        self.store = Store(folder / "store")
        self.models = Models("cpu", 1 << 34, load=lambda *_, **__: model)
        self.runs = Runs(folder / "scratch", self.models)
        self.said = []
        self.worker = Worker(self.store, self.runs, self.said.append)

    def declare(self, name="sh", *, objects=CUP, direction="forward", frames=FRAMES, layers=()):
        """Declare a shot and give it its plates."""
        settings = Settings(direction=direction)
        declaration = Declaration(frames[0], frames[-1], *SIZE, settings, objects=objects, layers=layers)
        self.store.declare(name, declaration)
        for frame in frames:
            self.put(frame, frame, name)

    def put(self, frame, picture, name="sh"):
        """Give a frame the plate that `pixels` draws under this number; older files go as the engine makes them go."""
        path = self.folder / f"plate.{picture}.exr"
        if not path.exists():  # written again it would hold another date
            write_plate(self.folder, picture)
        received = self.store.incoming()
        received.write_bytes(path.read_bytes())
        for older in self.store.shot(name).put_plate(frame, received, "exr"):
            older.unlink()

    def begin(self, job="job", name="sh", kind="track", **how):
        """Give the worker a job."""
        facts = {"frame": None, "width": None, "direction": None, **how}
        order = {"do": "job", "id": job, "shot": name, "kind": kind, **facts}
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
        """Give the frames that a job has told of, in order, once all that was made is on disk."""
        self.worker.settle()
        told = [message for message in self.said if message["id"] == job and message["is"] == "frame"]
        return [message["frame"] for message in told if message["kept"] == kept]

    def last(self, job="job"):
        """Give what was said last of a job."""
        self.worker.settle()
        return [message for message in self.said if message["id"] == job][-1]

    def mattes(self, name="sh"):
        """Give the alphas of a shot."""
        self.worker.settle()
        stored = self.store.shot(name)
        return [read_matte(stored.matte(frame))["cup.alpha"] for frame in stored.mattes()]

    def right(self, name="sh"):
        """Give the frames whose mattes are right."""
        self.worker.settle()
        stored = self.store.shot(name)
        return sorted(right_frames(stored, stored.declaration())[0])
