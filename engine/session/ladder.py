"""What is given up when memory runs out, step by step, and taken back after a while; for command line and service."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.model.ready.memory import give_back_freed_memory
from engine.session.matting import MatterLimits
from engine.session.out_of_memory import TRACKER, is_out_of_memory, stage_of, too_little_memory
from engine.session.transfer import place_matter

if TYPE_CHECKING:
    from engine.session.results import FrameMattes
    from engine.session.session import ShotSession

_UP_AFTER = 24
"""Frames that go well before more is tried again; twice as many each time that it was too much."""


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


class Ladder:
    """Where a shot stands."""

    def __init__(self) -> None:
        self._number = self._went_well = 0
        self._patience, self._has_climbed = _UP_AFTER, False

    @property
    def rung(self) -> Rung:
        """How its matter works."""
        return LADDER[self._number]

    def down(self, stage: str) -> bool:
        """Give the matter less, after memory ran out in a part of the work; False at the ladder's foot.

        A tracker gains nothing from smaller tiles: for it the matter leaves the device at once.
        """
        foot = len(LADDER) - 1
        if self._number == foot:
            return False
        self._number = foot if stage == TRACKER else self._number + 1
        self._patience *= 2 if self._has_climbed else 1
        self._went_well, self._has_climbed = 0, False
        return True

    def went_well(self) -> bool:
        """Note a frame that there was memory for; tells whether the matter gets more from here on."""
        self._went_well += 1
        if self._number == 0 or self._went_well < self._patience:
            return False
        self._number -= 1
        self._went_well, self._has_climbed = 0, True
        return True


def track_within_memory(session: "ShotSession", skip: Callable[[int], bool]) -> "Iterator[FrameMattes]":
    """Track as `ShotSession.track` does; where memory runs out, go on with less of it.

    Raises:
        ServiceError: `engine.out_of_memory` at the ladder's foot.
    """
    ladder, given = Ladder(), set[int]()

    def known(frame: int) -> bool:
        return skip(frame) or frame in given  # a track that begins again gives its last frame once more

    while True:
        try:
            for mattes in session.track(skip=known):
                given.add(mattes.frame)
                yield mattes
                if ladder.went_well():
                    break
            else:
                return
        except Exception as problem:
            if not is_out_of_memory(problem):
                raise
            if not ladder.down(stage_of(problem)):
                raise too_little_memory(stage_of(problem)) from problem
        give_back_freed_memory()
        session.use_limits(ladder.rung.limits)
        place_matter(session.model, on_host=ladder.rung.on_host)
