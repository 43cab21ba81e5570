"""Promises of parts of a benchmark."""

import pytest
from tiny_benchmark import TinyBenchmark, UnlistedBenchmark

from engine.contract.errors import EngineError
from engine.evaluation.parts import Part

PARTS = {
    "all": (Part(), ["disc-0", "square-1", "disc-2", "square-3"]),
    "some": (Part(first=1, count=2), ["square-1", "disc-2"]),
    "a kind": (Part(kinds=("square",)), ["square-1", "square-3"]),
    "the second of a kind": (Part(kinds=("disc",), first=1, count=5), ["disc-2"]),
}


@pytest.mark.parametrize("benchmark", [TinyBenchmark(), UnlistedBenchmark()], ids=lambda one: one.name)
@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_what_was_asked_for(name, benchmark):
    """Kinds are chosen first; among their clips, numbers count from 0."""
    part, expected = PARTS[name]
    assert [clip.name for clip in part.clips(benchmark)] == expected


def test_nothing_else_is_made():
    """Of a benchmark that can list its clips, only the wanted ones are made."""
    benchmark = TinyBenchmark()
    part = Part(kinds=("square",), count=1)
    assert part.size(benchmark) == 1
    list(part.clips(benchmark))
    assert benchmark.made == [1]


@pytest.mark.parametrize("part", [Part(kinds=("cube",)), Part(first=4)])
def test_an_empty_part_is_refused(part):
    """A kind that is not there, or a number behind the last clip, is said, with the kinds that there are."""
    with pytest.raises(EngineError, match=r"has 4 clips, and none.*disc, square"):
        part.size(TinyBenchmark())
