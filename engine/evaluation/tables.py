"""A report as tables of words: the same rows in a terminal and in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.evaluation.examination import NOT_LEARNT
from engine.evaluation.scores import Figures, Report, at_places, by_kind, figures, held_out

_TITLES = {"dtssd": "dtSSD", "messddt": "MESSDdt"}


@dataclass(frozen=True)
class Table:
    """A table of words.

    Attributes:
        title: of the whole.
        columns: their heads.
        sections: rows in groups; the first word of a row names it.
    """

    title: str
    columns: tuple[str, ...]
    sections: tuple[tuple[tuple[str, ...], ...], ...]


def tables(report: Report) -> tuple[Table, ...]:
    """Give the tables of a report: kinds, frame positions and, where there are any, the baselines."""
    names = tuple(report.profile.measures)
    heads = tuple(_TITLES.get(name, name.upper()) for name in names)
    clips = report.ours.clips
    kinds = tuple(
        (f"{kind} (held out)" if some[0].held_out else kind, str(len(some)), *_words(figures(some, report.profile)))
        for kind, some in by_kind(clips).items()
    )
    parts = {**held_out(clips), "all": clips}
    sums = tuple((label, str(len(some)), *_words(figures(some, report.profile))) for label, some in parts.items())
    places = tuple((place, *_words(found)) for place, found in at_places(clips, report.profile).items())
    about = ", ".join(f"{name} {value}" for name, value in report.settings.items())
    title = f"{report.benchmark}, profile {report.profile.name}, averaged by {report.profile.average.value}" + (
        f" ({about})" if about else ""
    )
    found = [
        Table(title, ("kind", "clips", *heads), (kinds, sums)),
        Table("By frame position", ("frame", *heads), (places,)),
    ]
    if report.baselines:
        found += [_methods(report, heads), _first_metric(report)]
    return tuple(found)


def units(report: Report) -> str:
    """Say in a sentence what the figures are multiplied by, as the profile's paper prints them."""
    scaled = (
        f"{_TITLES.get(name, name.upper())} x {measure.scale:g}" for name, measure in report.profile.measures.items()
    )
    return f"Printed as {', '.join(scaled)}; alpha runs 0..1, and lower is better."


def verdict(report: Report) -> str:
    """Say in sentences how ours stands beside the best baseline that learns nothing, and what it mistook.

    Empty where there are no such baselines, no distractors and no trimaps.
    """
    return " ".join(said for said in (_beside_baselines(report), _distractors(report), _solid(report)) if said)


def _beside_baselines(report: Report) -> str:
    metric = next(iter(report.profile.measures))
    others = {
        one.method: figures(one.clips, report.profile)[metric] for one in report.baselines if one.method in NOT_LEARNT
    }
    if not others:
        return ""
    best = min(others, key=lambda method: others[method])
    ours = figures(report.ours.clips, report.profile)[metric]
    share = f"{100 * ours / others[best]:.0f} % of that" if others[best] else "nothing to compare with that"
    title = _TITLES.get(metric, metric.upper())
    return f"{title} {ours:.2f}; the best baseline that learns nothing, {best}, has {others[best]:.2f}: {share}."


def _distractors(report: Report) -> str:
    taken = [clip.took_distractor for clip in report.ours.clips if clip.took_distractor is not None]
    return f"The distractor was taken in {sum(taken)} of {len(taken)} clips that have one." if taken else ""


def _solid(report: Report) -> str:
    counts = [clip.solid for clip in report.ours.clips if clip.solid is not None]
    first, all_first, later, all_later = (sum(count[i] for count in counts) for i in range(4))
    if not (all_first and all_later):
        return ""
    return (
        f"Of truly unknown pixels, trimaps call {first / all_first:.3f} foreground on the first frame "
        f"and {later / all_later:.3f} later."
    )


def markdown(report: Report) -> str:
    """Give the whole report in Markdown."""
    parts = [*map(table_markdown, tables(report)), units(report), verdict(report)]
    return "\n\n".join(parts).rstrip() + "\n"


def table_markdown(table: Table) -> str:
    """Give one table in Markdown, without a line break at its end."""
    head = [f"**{table.title}**", "", _row(table.columns), _row(["---", *["---:"] * (len(table.columns) - 1)])]
    return "\n".join([*head, *(_row(row) for section in table.sections for row in section)])


def _methods(report: Report, heads: tuple[str, ...]) -> Table:
    rows = tuple((one.method, *_words(figures(one.clips, report.profile))) for one in report.results)
    return Table("Beside simple methods on the same clips", ("method", *heads), (rows,))


def _first_metric(report: Report) -> Table:
    """Give the profile's first metric of every method by kind, and of trained and held-out kinds together."""
    metric = next(iter(report.profile.measures))
    title = f"{_TITLES.get(metric, metric.upper())} of each method by kind"
    kinds = [by_kind(one.clips) for one in report.results]
    parts = [{**held_out(one.clips), "all": one.clips} for one in report.results]
    sections = tuple(
        tuple((label, *(f"{figures(one[label], report.profile)[metric]:.2f}" for one in groups)) for label in groups[0])
        for groups in (kinds, parts)
    )
    return Table(title, ("kind", *(one.method for one in report.results)), sections)


def _words(found: Figures) -> Sequence[str]:
    return [f"{value:.2f}" if abs(value) >= 1 or value == 0 else f"{value:.4f}" for value in found.values()]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
