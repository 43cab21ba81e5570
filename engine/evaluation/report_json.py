"""A report as a JSON file, and back: what every frame scored is kept, so reports of parts can be joined."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.contract.errors import EngineError
from engine.evaluation.profiles import Average, Profile, find_profile
from engine.evaluation.scores import ClipScores, Report, Result, at_places, by_kind, clip_figures, figures, held_out
from engine.media.atomic import write_text

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
