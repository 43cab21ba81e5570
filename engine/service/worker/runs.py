"""The shots a worker holds ready, and what it gives up when memory runs out."""

import gc
import shutil
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from engine.contract.errors import ServiceError
from engine.service.declaration import Declaration
from engine.service.store import StoredShot
from engine.service.worker.models import Models
from engine.service.worker.shot_run import ShotRun
from engine.session.matting import MatterLimits

Result = TypeVar("Result")

MOST = 8  # shots held ready; their features lie on disk, so one costs little
LADDER = (
    MatterLimits(),
    MatterLimits(tile=1024),
    MatterLimits(tile=512, overlap=64),
    MatterLimits(margin=32, tile=256, overlap=32),
)


class Runs:
    """Shots by name; the one used longest ago makes room.

    Args:
        scratch: a folder for working files.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._runs: OrderedDict[str, ShotRun] = OrderedDict()
        self._made = 0
        self._rung = 0

    @property
    def quality(self) -> dict[str, int]:
        """How the matter works at present: the longest side of what it sees at once, and the context around it."""
        limits = LADDER[self._rung]
        return {"tile": limits.tile, "margin": limits.margin}

    def current(self, name: str) -> ShotRun | None:
        """Give the run that a shot has at present."""
        return self._runs.get(name)

    def get(self, stored: StoredShot, declaration: Declaration, direction: str | None, models: Models) -> ShotRun:
        """Give a run that serves a declaration: the one there is, or a new one.

        Raises:
            EngineError: the shot does not hold together, or its model cannot be loaded.
        """
        run = self._runs.get(stored.name)
        if run is None or not run.serves(declaration, direction):
            self.drop(stored.name)
            self._made += 1
            scratch = self._scratch / str(self._made)
            scratch.mkdir()
            model = models.get(declaration.model)
            run = self._runs[stored.name] = ShotRun(stored, declaration, direction, model, scratch, LADDER[self._rung])
        self._runs.move_to_end(stored.name)
        while len(self._runs) > MOST:
            self.drop(next(iter(self._runs)))
        return run

    def drop(self, name: str) -> None:
        """Let go of a shot's run; nothing happens if it has none."""
        run = self._runs.pop(name, None)
        if run is not None:
            run.close()

    def close(self) -> None:
        """Let go of all."""
        for name in list(self._runs):
            self.drop(name)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def within_memory(self, run: ShotRun, work: Callable[[], Result]) -> Result:
        """Do a piece of work; when memory runs out, drop the other shots, then let the matter see less at once.

        Raises:
            ServiceError: `engine.out_of_memory` when even the smallest tiles are too much.
        """
        while True:
            try:
                return work()
            except (torch.OutOfMemoryError, MemoryError) as problem:
                others = [name for name, other in self._runs.items() if other is not run]
                for name in others:
                    self.drop(name)
                if not others:
                    if self._rung + 1 == len(LADDER):
                        raise ServiceError(
                            "engine.out_of_memory",
                            "The device has too little memory for this shot, even in the smallest tiles.",
                            "Close other programs that use it, choose a smaller model, or work at a lower resolution.",
                        ) from problem
                    self._rung += 1
                    run.use_limits(LADDER[self._rung])
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
