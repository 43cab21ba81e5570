"""The shots a worker holds ready, and what it gives up when memory runs out."""

import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from engine.contract.errors import ServiceError
from engine.model.ready.memory import give_back_freed_memory
from engine.service.declaration import Declaration
from engine.service.store import StoredShot
from engine.service.worker.models import Models, place_matter
from engine.service.worker.shot_run import Footage, ShotRun
from engine.session.matting import MatterLimits

Result = TypeVar("Result")

MOST = 8  # shots held ready; their features lie on disk, so one costs little
TURNS = 6  # shots tracked in turn: fewer than are held, for one that was dropped begins anew


@dataclass(frozen=True)
class Rung:
    """How the matter works: how much it sees at once, and whether on the host's processor instead of the device."""

    limits: MatterLimits
    on_host: bool = False


LADDER = (
    Rung(MatterLimits()),
    Rung(MatterLimits(tile=1024, frames=1)),
    Rung(MatterLimits(tile=512, overlap=64, frames=1)),
    Rung(MatterLimits(margin=32, tile=256, overlap=32, frames=1)),
    Rung(MatterLimits(tile=1024, frames=1), on_host=True),
)


class _HeldShot:
    """A shot's footage, its runs by direction, and how far down the ladder it has come."""

    def __init__(self, footage: Footage, scratch: Path) -> None:
        self.footage, self.scratch = footage, scratch
        self.runs: dict[str, ShotRun] = {}
        self.rung = 0

    def place_matter(self) -> None:
        place_matter(self.footage.model, on_host=LADDER[self.rung].on_host)

    def step_down(self) -> bool:
        """Let the matter do with less; False at the ladder's foot."""
        if self.rung + 1 == len(LADDER):
            return False
        self.rung += 1
        for run in self.runs.values():
            run.use_limits(LADDER[self.rung].limits)
        return True

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
        """Load a model before a shot needs it.

        Raises:
            ModelError: it cannot be loaded.
        """
        self._models.get(model)

    def quality(self, name: str) -> dict[str, int]:
        """How the matter works on a held shot: what it sees at once, the context around it, and 1 if on the host."""
        rung = LADDER[self._held[name].rung]
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
            limits = LADDER[held.rung].limits
            run = held.runs[way] = ShotRun(stored, declaration, direction, held.footage, held.scratch, limits)
        run.update(declaration)
        return run

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
            try:
                self._held[name].place_matter()
                return work()
            except (torch.OutOfMemoryError, MemoryError) as problem:
                if not self._drop_others(name) and not self._held[name].step_down():
                    raise ServiceError(
                        "engine.out_of_memory",
                        "The device has too little memory for this shot, even in small tiles and without the matter.",
                        "Close other programs that use it, choose a smaller model, or work at a lower resolution.",
                    ) from problem
            give_back_freed_memory()

    def _drop_others(self, name: str) -> bool:
        others = [other for other in self._held if other != name]
        for other in others:
            self.drop(other)
            self.turns = 1
        self._models.keep_only(self._held[name].footage.model)
        return bool(others)

    def _footage_of(self, stored: StoredShot, declaration: Declaration) -> _HeldShot:
        model = self._models.get(declaration.model)
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
