"""Tracking tools from a script: for several at once, or for one that no viewer shows."""

from __future__ import annotations

import time
from typing import Any, Callable

from . import sent, tools
from .contract import module


def track_selected(comp: Any, say: Callable[[str], None], direction: str = "both") -> None:
    """Track the selected tools, one after the other, rendering each so that all its plates are sent.

    Args:
        comp: the composition.
        say: takes sentences for the artist.
        direction: `forward`, `backward` or `both`.

    Raises:
        EngineError: there is no tool, or the engine cannot be started.
    """
    chosen = tools.selected(comp)
    with module("launch").find_or_start() as engine:
        for tool in chosen:
            said = _track(engine, comp, tool, direction)
            if sent.has_changed(engine, str(tool.GetInput("ShotID"))):
                # Which plates have changed upstream is only known when they have been rendered.
                said = _track(engine, comp, tool, direction)
            say(f"{tools.name_of(tool)}: {said}")


def _track(engine: Any, comp: Any, tool: Any, direction: str) -> str:
    before = {job["id"] for job in engine.status()["jobs"]}
    tool.SetInput("Command", f"{direction} {time.time()}")
    job = _new_job(engine, str(tool.GetInput("ShotID")), before)
    if job is None:
        return str(tool.GetInput("Status"))
    first, last = tools.frames_of(comp, tool)
    comp.Render({"Tool": tool, "Start": first, "End": last, "Wait": True})
    return _outcome(engine, job)


def _new_job(engine: Any, shot: str, before: set[str]) -> str | None:
    """Give the job that the tool's own button has begun; None when it has begun none."""
    jobs = [job for job in engine.status()["jobs"] if job["shot"] == shot and job["id"] not in before]
    return str(jobs[-1]["id"]) if jobs else None


def _outcome(engine: Any, job: str) -> str:
    last = None
    for event in engine.events(job):
        last = event
    found: dict[str, Any] = engine.job(job)
    if last is not None and last.kind == "failed":
        return "{} {}".format(found["error"]["message"], found["error"]["hint"])
    if last is not None and last.kind == "cancelled":
        return "stopped after {} of {} frames.".format(found["done"], found["total"])
    return "{} frames have mattes.".format(found["done"])
