"""What the benchmark of photographs finds: sections of figures, a case and a method at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.evaluation.pictures.methods import Spent


@dataclass(frozen=True)
class Measure:
    """One figure of a case.

    Attributes:
        key: its name in files.
        title: its name in tables.
        digits: behind the point.
        by_kind: whether tables show it by kind, too.
    """

    key: str
    title: str
    digits: int = 3
    by_kind: bool = False


@dataclass(frozen=True)
class Case:
    """How one method did on one object, composite or clip.

    Attributes:
        name: unique in its section.
        kind: what tables have a row for.
        method: a model's name or a baseline's.
        figures: by the key of a measure; what does not apply to the method is left out.
        strip: a JPEG of plate, truth, alpha and comp side by side; empty where none was asked for.
    """

    name: str
    kind: str
    method: str
    figures: Mapping[str, float]
    strip: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Section:
    """One part of the benchmark.

    Attributes:
        key: its name in files and on the command line.
        title: what was done.
        unit: what a case is, in the plural.
        measures: in the order of tables; the first one ranks cases.
        cases: of all methods.
        models: the methods that are judged, in the order given.
        more_is_better: whether the first measure grows with quality.
        spent: by method, what it took in all.
        digest: of the plates and truths; runs with the same digest saw the same pictures. Empty: not made here.
    """

    key: str
    title: str
    unit: str
    measures: tuple[Measure, ...]
    cases: tuple[Case, ...]
    models: tuple[str, ...]
    more_is_better: bool
    spent: Mapping[str, Spent] = field(default_factory=dict)
    digest: str = ""

    @property
    def methods(self) -> tuple[str, ...]:
        """The models, then the baselines in the order in which they were met."""
        return tuple(dict.fromkeys([*self.models, *(case.method for case in self.cases)]))

    @property
    def kinds(self) -> tuple[str, ...]:
        """In the order in which they were met."""
        return tuple(dict.fromkeys(case.kind for case in self.cases))

    def of(self, method: str, kind: str | None = None) -> tuple[Case, ...]:
        """Give one method's cases, of one kind or of all."""
        return tuple(case for case in self.cases if case.method == method and kind in (None, case.kind))

    def ranked(self, method: str) -> Sequence[Case]:
        """Give a method's cases that have the first measure, the best first."""
        key, sign = self.measures[0].key, -1 if self.more_is_better else 1
        found = (case for case in self.of(method) if key in case.figures)
        return sorted(found, key=lambda case: (sign * case.figures[key], case.name))


def mean(cases: Iterable[Case], key: str) -> float | None:
    """Give the mean of a figure over the cases that have it; None where none has."""
    found = [case.figures[key] for case in cases if key in case.figures]
    return float(np.mean(found)) if found else None


def plain(section: Section) -> dict[str, object]:
    """Give a section as plain data: means, means by kind and every case, by method."""
    return {
        "title": section.title,
        "digest": section.digest,
        "methods": {method: _of_method(section, method) for method in section.methods},
    }


def _of_method(section: Section, method: str) -> dict[str, object]:
    cases, spent = section.of(method), section.spent.get(method)
    return {
        "mean": dict(_means(section, cases)),
        "kinds": {kind: dict(_means(section, some)) for kind in section.kinds if (some := section.of(method, kind))},
        "spent": {key: round(value, 2) for key, value in spent._asdict().items()} if spent else None,
        "cases": {case.name: {"kind": case.kind, **case.figures} for case in cases},
    }


def _means(section: Section, cases: Sequence[Case]) -> Iterator[tuple[str, float]]:
    yield section.unit, len(cases)
    for measure in section.measures:
        value = mean(cases, measure.key)
        if value is not None:
            yield measure.key, value
