"""A part of a benchmark: some kinds, some clips."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from engine.contract.errors import EngineError
from engine.evaluation.truth import Benchmark, ListedBenchmark, TrueClip


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
    """

    kinds: tuple[str, ...] = ()
    first: int = 0
    count: int | None = None

    def clips(self, benchmark: Benchmark) -> Iterator[TrueClip]:
        """Give the wanted clips, in the benchmark's order; where it can list its clips, no other is made or read.

        Raises:
            EngineError: `evaluate.part`: nothing is left of the benchmark.
        """
        if isinstance(benchmark, ListedBenchmark):
            return (benchmark.clip(number) for number in self._numbers(benchmark))
        return islice((clip for clip in benchmark.clips() if self._wants(clip.kind)), self.first, self._last)

    def size(self, benchmark: Benchmark) -> int:
        """Give how many clips are wanted, at most.

        Raises:
            EngineError: `evaluate.part`: nothing is left of the benchmark.
        """
        if isinstance(benchmark, ListedBenchmark):
            return len(self._numbers(benchmark))
        return len(range(len(benchmark))[self.first : self._last])

    def of(self, clips: Sequence[OfKind], name: str) -> Sequence[OfKind]:
        """Choose among clips of something that has a name.

        Raises:
            EngineError: `evaluate.part`: nothing is left.
        """
        chosen = [clip for clip in clips if self._wants(clip.kind)][self.first : self._last]
        if not chosen:
            which = f" of the kinds {', '.join(self.kinds)}" if self.kinds else ""
            raise EngineError(
                "evaluate.part",
                f"{name} has {len(clips)} clips, and none{which} from number {self.first} on.",
                f"Clips count from 0. Its kinds are: {', '.join(dict.fromkeys(clip.kind for clip in clips))}.",
            )
        return chosen

    @property
    def _last(self) -> int | None:
        return None if self.count is None else self.first + self.count

    def _wants(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds

    def _numbers(self, benchmark: ListedBenchmark) -> list[int]:
        listed = [_Listed(number, kind) for number, kind in enumerate(benchmark.kinds)]
        return [one.number for one in self.of(listed, benchmark.name)]


@dataclass(frozen=True)
class _Listed:
    number: int
    kind: str
