"""Promises of parts of a benchmark."""

import pytest
from tiny_benchmark import TinyBenchmark

from engine.contract.errors import EngineError
from engine.evaluation.examination import Part

PARTS = {
    "all": (Part(), [0, 1, 2, 3]),
    "some": (Part(first=1, count=2), [1, 2]),
    "a kind": (Part(kinds=("square",)), [1, 3]),
    "the second of a kind": (Part(kinds=("disc",), first=1, count=5), [2]),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_what_was_asked_for(name):
    """Kinds are chosen first; among their clips, numbers count from 0. No clip is made to find out."""
    part, expected = PARTS[name]
    benchmark = TinyBenchmark()
    assert part.numbers(benchmark) == expected
    assert benchmark.made == []


@pytest.mark.parametrize("part", [Part(kinds=("cube",)), Part(first=4)])
def test_an_empty_part_is_refused(part):
    """A kind that is not there, or a number behind the last clip, is said, with the kinds that there are."""
    with pytest.raises(EngineError, match=r"tiny 1.0 has 4 clips, and none.*disc, square"):
        part.numbers(TinyBenchmark())
