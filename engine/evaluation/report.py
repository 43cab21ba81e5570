"""Reports: tables of words for a terminal and Markdown, and JSON that keeps what every frame scored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.contract.errors import EngineError
from engine.evaluation.examination import NOT_LEARNT
from engine.evaluation.profiles import Average, Profile, find_profile
from engine.evaluation.scores import (
    ClipScores,
    Figures,
    Report,
    Result,
    at_places,
    by_kind,
    clip_figures,
    figures,
    held_out,
)
from engine.media.atomic import write_text

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


_VERSION = 1


def to_json(report: Report) -> dict[str, Any]:
    """Give a report as plain data: `overall`, `kinds`, `clips` with lower-case metric names, and what else tables show.

    `overall` is averaged as the profile does; `averages` holds both ways. Baselines lie under `baselines`, each with
    the same keys.
    """
    return {
        "version": _VERSION,
        "benchmark": report.benchmark,
        "profile": report.profile.name,
        "average": report.profile.average.value,
        "settings": dict(report.settings),
        "method": report.ours.method,
        **_result(report.ours, report.profile),
        "baselines": {one.method: _result(one, report.profile) for one in report.baselines},
    }


def write_json(report: Report, path: Path) -> None:
    """Write a report, whole or not at all.

    Raises:
        OutputError: as `atomic_file`.
    """
    write_text(path, json.dumps(to_json(report), indent=1))


def read_json(path: Path) -> Report:
    """Read a report that `write_json` wrote.

    Raises:
        EngineError: `evaluate.report`: the file is not there or is no report.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return _from_json(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise EngineError(
            "evaluate.report",
            f"'{path}' is no report of an evaluation.",
            "Give a file that `mam2 evaluate BENCHMARK --json FILE` wrote.",
        ) from problem


def join(reports: Sequence[Report]) -> Report:
    """Join reports of parts of one benchmark, made with the same settings.

    Raises:
        EngineError: `evaluate.join`: they were made differently, or share a clip.
    """
    first = reports[0]
    for other in reports[1:]:
        for what in ("benchmark", "profile", "settings"):
            if getattr(other, what) != getattr(first, what):
                raise _cannot_join(f"they differ in {what}")
        if [one.method for one in other.results] != [one.method for one in first.results]:
            raise _cannot_join("they hold different methods")
    joined = []
    for at, one in enumerate(first.results):
        clips = [clip for report in reports for clip in report.results[at].clips]
        names = [clip.name for clip in clips]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise _cannot_join(f"more than one holds {', '.join(twice)}")
        joined.append(Result(one.method, tuple(clips)))
    return Report(first.benchmark, first.profile, joined[0], tuple(joined[1:]), first.settings)


def _result(result: Result, profile: Profile) -> dict[str, Any]:
    clips = result.clips
    return {
        "overall": figures(clips, profile),
        "averages": {average.value: figures(clips, profile, average) for average in Average},
        "parts": {label: figures(part, profile) for label, part in held_out(clips).items()},
        "kinds": {
            kind: {"clips": len(some), "held_out": some[0].held_out, **figures(some, profile)}
            for kind, some in by_kind(clips).items()
        },
        "places": dict(at_places(clips, profile)),
        "clips": {clip.name: _clip(clip, profile) for clip in clips},
    }


def _clip(clip: ClipScores, profile: Profile) -> dict[str, Any]:
    return {
        "kind": clip.kind,
        "held_out": clip.held_out,
        **clip_figures(clip, profile),
        **({} if clip.took_distractor is None else {"took_distractor": clip.took_distractor}),
        **({} if clip.solid is None else {"solid": list(clip.solid)}),
        "frames": {name: list(scores) for name, scores in clip.frames.items()},
    }


def _from_json(data: Mapping[str, Any]) -> Report:
    if data["version"] != _VERSION:
        raise ValueError("written by another version")
    profile = find_profile(data["profile"], data["average"])
    ours, *baselines = (
        Result(
            method,
            tuple(
                ClipScores(
                    name,
                    clip["kind"],
                    clip["held_out"],
                    {metric: tuple(clip["frames"][metric]) for metric in profile.measures},
                    clip.get("took_distractor"),
                    _four(clip["solid"]) if "solid" in clip else None,
                )
                for name, clip in one["clips"].items()
            ),
        )
        for method, one in {data["method"]: data, **data["baselines"]}.items()
    )
    return Report(data["benchmark"], profile, ours, tuple(baselines), data["settings"])


def _four(counts: Sequence[int]) -> tuple[int, int, int, int]:
    first, all_first, later, all_later = counts
    return first, all_first, later, all_later


def _cannot_join(reason: str) -> EngineError:
    return EngineError(
        "evaluate.join",
        f"The reports are no parts of one evaluation: {reason}.",
        "Join reports of different clips of one benchmark, made with the same model, mode, prompt and profile.",
    )
