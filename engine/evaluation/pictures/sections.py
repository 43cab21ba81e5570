"""Sections: what the benchmark of photographs finds, a case and a method at a time, with earlier reports beside."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.contract.errors import EngineError
from engine.evaluation.pictures.methods import Spent
from engine.evaluation.report import Table, table_markdown


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


_NOTHING = "-"


def section_tables(section: Section) -> Iterator[Table]:
    """Give a section's tables: all measures, then those by kind that have it so."""
    methods = section.methods
    heads = (*methods, *([f"{section.models[-1]} / {section.models[0]}"] if len(section.models) > 1 else []))
    rows = tuple(
        (one.title, *_row(section, one, [section.of(method) for method in methods])) for one in section.measures
    )
    count = len(section.of(section.models[0]))
    sections = (rows, tuple(_times(section, len(heads)))) if section.spent else (rows,)
    yield Table(f"{section.title}: {count} {section.unit}", ("", *heads), sections)
    for measure in section.measures:
        if measure.by_kind:
            kinds = tuple(
                (f"{kind} ({len(section.of(section.models[0], kind))})", *_row(section, measure, some))
                for kind in section.kinds
                if (some := [section.of(method, kind) for method in methods])
            )
            yield Table(f"{section.title}: {measure.title}", ("kind", *heads), (kinds,))


def report_markdown(title: str, notes: Sequence[str], sections: Sequence[Section]) -> str:
    """Give the whole report in Markdown."""
    tables = [table for section in sections for table in section_tables(section)]
    seen = ", ".join(f"{section.key} {section.digest}" for section in sections)
    notes = [*notes, f"Digests of what was seen, equal where runs can be compared: {seen}."]
    return "\n\n".join([f"# {title}", *notes, *(table_markdown(table) for table in tables)]) + "\n"


def _times(section: Section, width: int) -> Iterator[tuple[str, ...]]:
    for title, part in (("seconds", "passed"), ("processor seconds", "processor")):
        spent = (section.spent.get(method) for method in section.methods)
        words = [_NOTHING if one is None else f"{getattr(one, part):.1f}" for one in spent]
        yield (title, *words, *[""] * (width - len(words)))


def _row(section: Section, measure: Measure, groups: Sequence[Sequence[Case]]) -> list[str]:
    values = [mean(cases, measure.key) for cases in groups]
    words = [_NOTHING if value is None else f"{value:.{measure.digits}f}" for value in values]
    if len(section.models) > 1:
        first, last = values[0], values[len(section.models) - 1]
        words.append(f"{last / first:.2f}" if first and last is not None else _NOTHING)
    return words


@dataclass(frozen=True)
class Earlier:
    """A report that `mam2 evaluate pictures` wrote.

    Attributes:
        path: of its JSON file.
        models: its models' names, and what they were loaded from.
        sections: by their keys, as in the file.
    """

    path: Path
    models: dict[str, str]
    sections: dict[str, dict[str, Any]]

    def beside(self, section: Section) -> Section:
        """Put this report's methods before those of a section; what both measured stays as the section has it.

        Raises:
            EngineError: `evaluate.join`: it saw other pictures.
        """
        found = self.sections.get(section.key)
        if found is None:
            return section
        if found["digest"] != section.digest:
            raise EngineError(
                "evaluate.join",
                f"'{self.path}' was measured on other pictures than this run ({section.key}).",
                "Give the same pack, tiers and limit, or measure again.",
            )
        absent = {name: data for name, data in found["methods"].items() if name not in section.methods}
        cases = [case for name, data in absent.items() for case in _cases(name, data)]
        spent = {name: Spent(**data["spent"]) for name, data in absent.items() if data["spent"]}
        return replace(
            section,
            cases=(*cases, *section.cases),
            models=(*(name for name in self.models if name in absent), *section.models),
            spent={**spent, **section.spent},
        )


def read_earlier(path: Path) -> Earlier:
    """Read a report's JSON file.

    Raises:
        EngineError: `evaluate.report`: it is not there, or is no such report.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Earlier(path, dict(data["models"]), dict(data["sections"]))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise EngineError(
            "evaluate.report",
            f"'{path}' is no report on photographs.",
            "Give the report.json that `mam2 evaluate pictures -o FOLDER` wrote.",
        ) from problem


def _cases(method: str, data: dict[str, Any]) -> Iterator[Case]:
    for name, figures in data["cases"].items():
        yield Case(name, figures["kind"], method, {key: value for key, value in figures.items() if key != "kind"})
