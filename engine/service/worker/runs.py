"""The models and the shots that a worker holds ready, and what it gives up when memory runs out."""

import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TypeVar

from engine.model.mam2 import MAM2
from engine.model.ready.half import tracker_precision
from engine.model.ready.make_ready import first_step
from engine.model.ready.memory import give_back_freed_memory
from engine.service.declaration import Declaration
from engine.service.store import StoredShot
from engine.service.worker.shot_run import Footage, ShotRun
from engine.session.ladder import Ladder
from engine.session.out_of_memory import LOAD, is_out_of_memory, stage_of, too_little_memory
from engine.session.transfer import place_matter
from engine.weights.catalogue import ModelFiles, find_files, weights_folder
from engine.weights.models import load_model


class Models:
    """Loaded models.

    Args:
        device: as `pick_device` takes it.
        most_bytes: for all of them; the one asked for last stays whatever its size.
        load: `load_model`, or what stands in for it.
    """

    def __init__(self, device: str, most_bytes: int, load: Callable[..., MAM2] = load_model) -> None:
        self._device, self._most, self._load = device, most_bytes, load
        self._loaded: OrderedDict[str, tuple[object, MAM2]] = OrderedDict()

    def get(self, name: str) -> MAM2:
        """Give a model, loading it if it is not there or if its files have changed.

        Raises:
            ModelError: as `find_files` and `load_model`.
        """
        files = _identity(find_files(name, weights_folder()))
        if name not in self._loaded or self._loaded[name][0] != files:
            self._loaded.pop(name, None)
            self._loaded[name] = (files, self._load(name, device=self._device))
        self._loaded.move_to_end(name)
        while self.bytes > self._most and len(self._loaded) > 1:
            self._loaded.popitem(last=False)
        return self._loaded[name][1]

    def __contains__(self, model: MAM2) -> bool:
        return any(model is loaded for _, loaded in self._loaded.values())

    def keep_only(self, model: MAM2 | None) -> None:
        """Let go of all models but one; None: of all."""
        for name, (_, loaded) in list(self._loaded.items()):
            if loaded is not model:
                del self._loaded[name]

    @property
    def bytes(self) -> int:
        """What the loaded models take."""
        return sum(tensor.nbytes for _, model in self._loaded.values() for tensor in model.state_dict().values())


def _identity(files: ModelFiles) -> tuple[object, ...]:
    found = [path.stat() for path in files.paths]
    return (files, *((one.st_size, one.st_mtime_ns, one.st_ino) for one in found))


Result = TypeVar("Result")

MOST = 8  # shots held ready; their features lie on disk, so one costs little
TURNS = 6  # shots tracked in turn: fewer than are held, for one that was dropped begins anew


class _HeldShot:
    """A shot's footage, its runs by direction, and how far down the ladder it has come."""

    def __init__(self, footage: Footage, scratch: Path) -> None:
        self.footage, self.scratch = footage, scratch
        self.runs: dict[str, ShotRun] = {}
        self.ladder = Ladder()

    def place_matter(self) -> None:
        place_matter(self.footage.model, on_host=self.ladder.rung.on_host)

    def step_down(self, stage: str) -> bool:
        """Let the matter do with less after memory ran out in a stage; False at the ladder's foot."""
        has = self.ladder.down(stage)
        self._use_limits()
        return has

    def went_well(self) -> None:
        """Note that there was memory for a frame; after some, the matter gets more again."""
        if self.ladder.went_well():
            self._use_limits()

    def _use_limits(self) -> None:
        for run in self.runs.values():
            run.use_limits(self.ladder.rung.limits)

    def rest(self) -> None:
        for run in self.runs.values():
            run.rest()
        self.footage.features.rest()

    def drop_runs(self) -> None:
        for run in self.runs.values():
            run.close()
        self.runs.clear()

    def close(self) -> None:
        self.drop_runs()
        shutil.rmtree(self.scratch, ignore_errors=True)


class Runs:
    """Shots by name; the one used longest ago makes room.

    Args:
        scratch: a folder for working files.
        models: loads models.

    Attributes:
        turns: how many shots may be tracked in turn; one, once memory did not suffice for several.
    """

    def __init__(self, scratch: Path, models: Models) -> None:
        self._scratch, self._models = scratch, models
        self._held: OrderedDict[str, _HeldShot] = OrderedDict()
        self._made = 0
        self.turns = TURNS

    def prepare(self, model: str) -> None:
        """Load a model before a shot needs it; on a GPU its first step is taken, which has to load much more.

        Raises:
            ModelError: it cannot be loaded.
        """
        loaded = self._load(model)
        if next(loaded.parameters()).device.type != "cpu":
            first_step(loaded, tracker_precision(loaded))

    def quality(self, name: str) -> dict[str, int]:
        """How the matter works on a held shot: what it sees at once, the context around it, and 1 if on the host."""
        rung = self._held[name].ladder.rung
        return {"tile": rung.limits.tile, "margin": rung.limits.margin, "on_host": int(rung.on_host)}

    def holds(self, name: str, run: ShotRun | None) -> bool:
        """Tell whether a run of a shot is still good, and mark the shot as used."""
        held = self._held.get(name)
        if held is None or run not in held.runs.values():
            return False
        self._held.move_to_end(name)
        return True

    def get(self, stored: StoredShot, declaration: Declaration, direction: str | None) -> ShotRun:
        """Give a run of a declaration as it is now, of the plates as they are now: the one there is, or a new one.

        Raises:
            EngineError: the shot does not hold together, or its model cannot be loaded.
        """
        held = self._footage_of(stored, declaration)
        way = direction or declaration.settings.direction
        run = held.runs.get(way)
        if run is not None and not run.serves(declaration, direction):
            held.runs.pop(way).close()
            run = None
        if run is None:
            limits = held.ladder.rung.limits
            run = held.runs[way] = ShotRun(stored, declaration, direction, held.footage, held.scratch, limits)
        run.update(declaration)
        return run

    def encode(self, stored: StoredShot, declaration: Declaration, frame: int) -> None:
        """Encode a plate before a job needs it.

        Raises:
            PlateAwaited, PlateReplaced, EngineError: as a job's frame.
        """
        self._footage_of(stored, declaration).footage.encode(frame)

    def renew(self, name: str, frames: Iterable[int] | None = None) -> None:
        """Let go of a shot's runs if plates that they have used were replaced; features of the others are kept.

        Args:
            name: the shot.
            frames: those that may have been replaced; None: any.
        """
        held = self._held.get(name)
        replaced = held.footage.plates.replaced(frames) if held else []
        if held and replaced:
            held.drop_runs()
            held.footage.forget(replaced)

    def rest(self, at_work: AbstractSet[str]) -> None:
        """Have all shots but these hold nothing ready in memory: of large plates eight shots would hold gigabytes."""
        for name in self._held.keys() - at_work:
            self._held[name].rest()

    def drop(self, name: str) -> None:
        """Let go of a shot; nothing happens if it is not held."""
        held = self._held.pop(name, None)
        if held is not None:
            held.close()

    def close(self) -> None:
        """Let go of all."""
        for name in list(self._held):
            self.drop(name)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def within_memory(self, name: str, work: Callable[[], Result]) -> Result:
        """Work on a held shot; when memory runs out, drop all other shots and models, then let the matter do with less.

        Raises:
            ServiceError: `engine.out_of_memory` at the ladder's foot.
        """
        while True:
            held = self._held[name]
            try:
                held.place_matter()
                done = work()
            except Exception as problem:
                if not is_out_of_memory(problem):
                    raise
                stage = stage_of(problem)
                if not self._drop_others(name) and not held.step_down(stage):
                    raise too_little_memory(stage) from problem
            else:
                held.went_well()
                return done
            give_back_freed_memory()

    def _drop_others(self, name: str) -> bool:
        others = [other for other in self._held if other != name]
        for other in others:
            self.drop(other)
            self.turns = 1
        self._models.keep_only(self._held[name].footage.model)
        return bool(others)

    def _load(self, name: str) -> MAM2:
        """Give a model; where there is no memory for its weights, of nothing else that is here."""
        try:
            return self._models.get(name)
        except Exception as problem:
            if not is_out_of_memory(problem):
                raise
        for other in list(self._held):
            self.drop(other)
        self._models.keep_only(None)
        give_back_freed_memory()
        try:
            return self._models.get(name)
        except Exception as problem:
            if not is_out_of_memory(problem):
                raise
            raise too_little_memory(LOAD) from problem

    def _footage_of(self, stored: StoredShot, declaration: Declaration) -> _HeldShot:
        model = self._load(declaration.model)
        held = self._held.get(stored.name)
        if held is not None and held.footage.serves(declaration, model):
            self.renew(stored.name)
        else:
            self.drop(stored.name)
            self._made += 1
            scratch = self._scratch / str(self._made)
            footage = Footage(stored, declaration, model, scratch / "features")
            held = self._held[stored.name] = _HeldShot(footage, scratch)
        self._held.move_to_end(stored.name)
        for name, other in list(self._held.items()):
            if len(self._held) > MOST or other.footage.model not in self._models:
                self.drop(name)
        return held
