"""A real engine in a process of its own, with a store and a runtime folder that only the test knows."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.contract import connection as connections
from engine.contract.client import EngineClient
from engine.contract.shot import Point, Settings, ShotObject
from engine.media.matte_files import write_exr

SIZE = (64, 48)
CUP = (ShotObject("cup", (Point(1001, 20.0, 24.0),)),)


class RunningEngine:
    """An engine under test: started, killed, started again.

    Attributes:
        folder: holds `store` and `run`.
    """

    def __init__(self, folder, monkeypatch, **variables):
        self.folder = folder
        self.variables = {"MAM2_STORE": str(folder / "store"), "MAM2_RUNTIME": str(folder / "run"), **variables}
        self.variables.setdefault("MAM2_DEVICES", "cpu")
        self.log = folder / "engine.log"
        monkeypatch.setenv("MAM2_RUNTIME", self.variables["MAM2_RUNTIME"])
        self.process = None

    def start(self, seconds=30.0):
        """Start the engine and give a client of it, once it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "engine", "serve"],
                stdout=log,
                stderr=log,
                env={**os.environ, **self.variables},
                cwd=Path(__file__).parents[2],
            )
        return self.client(seconds)

    def client(self, seconds=120.0):
        """Give a client once the engine answers."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            found = connections.read_connection()
            if found is not None and found.pid == self.process.pid:
                with suppress(Exception):
                    client = EngineClient(found)
                    client.status()
                    return client
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        pytest.fail(f"the engine does not answer:\n{self.log.read_text()}")

    def kill(self):
        """Kill the engine as `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """End the engine as a TD would, and its workers with it."""
        if self.process is None or self.process.poll() is not None:
            return
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive, "a worker outlives its engine"


@contextmanager
def engines():
    """Make engines, each with folders of its own: gives the maker; what still runs at the end is stopped."""
    # A Unix socket's path must be short, which pytest's own folders are not.
    base = Path(tempfile.mkdtemp(prefix="m2"))
    made = []
    with pytest.MonkeyPatch.context() as variables:

        def make(**more):
            folder = base / str(len(made))
            folder.mkdir()
            made.append(RunningEngine(folder, variables, **more))
            return made[-1]

        try:
            yield make
        finally:
            for engine in made:
                engine.stop()
            shutil.rmtree(base)


def pixels(frame):
    """Give a plate (48, 64, 3) float32, scene-linear: a bright disc that drifts over noise."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    disc = ((x - 20 - frame % 5) ** 2 + (y - 24) ** 2 < 100).astype(np.float32)[..., None]
    return np.random.default_rng(frame).random((*SIZE[::-1], 3), np.float32) * np.float32(0.2) + disc * np.float32(0.7)


def write_plate(folder, frame):
    """Write a plate as half EXR and give its file."""
    path = folder / f"plate.{frame}.exr"
    write_exr(path, {name: np.ascontiguousarray(pixels(frame)[..., i]) for i, name in enumerate("RGB")}, "")
    return path


def declare(client, frames=4, **changes):
    """Declare the shot `sh` of some frames from 1001 on, with one click on its disc."""
    options = {"objects": CUP, "settings": Settings(direction="forward"), **changes}
    return client.declare("sh", 1001, 1000 + frames, *SIZE, **options)


def files_at_rest(store, seconds=10.0):
    """Give what a store keeps, relative to it, once all that was out of sight is gone: that takes a thread's time.

    A worker's own files are none of it, nor is the engine's sign of life: they come and go as it works.
    """
    store = Path(store)
    ends = time.monotonic() + seconds
    while any((store / "incoming").iterdir()):
        assert time.monotonic() < ends, "what was received or removed stays on disk"
        time.sleep(0.02)
    files = (path.relative_to(store) for path in store.rglob("*") if path.is_file())
    return {str(path) for path in files if path.parts[0] != "working" and not path.name.startswith(".engine.here")}
