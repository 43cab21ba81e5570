"""The sections as tables of words: a column a method, and how the newest model stands to the first."""

from collections.abc import Iterator, Sequence

from engine.evaluation.pictures.sections import Case, Measure, Section, mean
from engine.evaluation.tables import Table, table_markdown

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
    for title, field in (("seconds", "passed"), ("processor seconds", "processor")):
        spent = (section.spent.get(method) for method in section.methods)
        words = [_NOTHING if one is None else f"{getattr(one, field):.1f}" for one in spent]
        yield (title, *words, *[""] * (width - len(words)))


def _row(section: Section, measure: Measure, groups: Sequence[Sequence[Case]]) -> list[str]:
    values = [mean(cases, measure.key) for cases in groups]
    words = [_NOTHING if value is None else f"{value:.{measure.digits}f}" for value in values]
    if len(section.models) > 1:
        first, last = values[0], values[len(section.models) - 1]
        words.append(f"{last / first:.2f}" if first and last is not None else _NOTHING)
    return words
