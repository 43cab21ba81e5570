"""A part of a benchmark: some kinds, some clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from engine.clips.truth import Benchmark
from engine.contract.errors import EngineError


class Kind(Protocol):
    """Anything that is of a kind."""

    @property
    def kind(self) -> str:
        """What tables have a row for."""
        ...


OfKind = TypeVar("OfKind", bound=Kind)


@dataclass(frozen=True)
class Part:
    """Which clips of a benchmark are wanted.

    Attributes:
        kinds: of subject; empty: every kind.
        first: number of the first clip, counted from 0 among those of these kinds.
        count: how many; None: all that follow.
        every: 2 leaves out every other one of them, 3 two of three.
    """

    kinds: tuple[str, ...] = ()
    first: int = 0
    count: int | None = None
    every: int = 1

    def numbers(self, benchmark: Benchmark) -> Sequence[int]:
        """Give the numbers of the wanted clips in a benchmark.

        Raises:
            EngineError: `evaluate.part`: nothing is left of it.
        """
        listed = [_Listed(number, kind) for number, kind in enumerate(benchmark.kinds)]
        return [one.number for one in self.of(listed, benchmark.name)]

    def of(self, clips: Sequence[OfKind], name: str) -> Sequence[OfKind]:
        """Choose among clips of something that has a name.

        Raises:
            EngineError: `evaluate.part`: nothing is left.
        """
        chosen = [clip for clip in clips if not self.kinds or clip.kind in self.kinds]
        chosen = chosen[self.first :: self.every][: self.count]
        if not chosen:
            which = f" of the kinds {', '.join(self.kinds)}" if self.kinds else ""
            raise EngineError(
                "evaluate.part",
                f"{name} has {len(clips)} clips, and none{which} from number {self.first} on.",
                f"Clips count from 0. Its kinds are: {', '.join(dict.fromkeys(clip.kind for clip in clips))}.",
            )
        return chosen


@dataclass(frozen=True)
class _Listed:
    number: int
    kind: str
