"""The tracks under way in this Nuke, by the identity of their nodes: one at a time for each."""

import shutil
import threading
import traceback
from contextlib import suppress
from functools import partial
from typing import Any, Optional

import nuke

from . import results, standing, tracking
from .contract import EngineError, OutputError, ServiceError
from .host import Progress, on_main, run_beside
from .node import (
    NodeGone,
    cache_folder,
    ensure_identity,
    find,
    our_nodes,
    record_path,
    result_of,
    show_mattes,
    show_preview,
)
from .request import read_requests
from .waiting import Cancelled

_KEPT = 5  # versions that an undo can come back to
_tracks: dict[str, tuple[threading.Event, Progress]] = {}


def start(node: Any, preview: Optional[int] = None) -> None:
    """Begin to track a node, or to preview one frame of it; in a terminal, do it now.

    Raises:
        EngineError: it cannot begin; in a terminal, whatever went wrong.
    """
    ensure_identity(node)
    uid = str(node["uid"].value())
    if uid in _tracks:
        raise ServiceError("node.busy", "This node is being tracked.", "Wait for its end, or press Stop.")
    job = tracking.Job(partial(find, uid), tuple(read_requests(node)), cache_folder(node), result_of(node), preview)
    stop, progress = _tracks[uid] = threading.Event(), Progress(f"MAM2: {node.name()}")
    standing.TRACKED.add(uid)
    standing.tell(node, "Tracking: the bar shows how far it is; Stop keeps what is done.")

    def work() -> None:
        try:
            _work(job, progress, stop)
        finally:
            standing.TRACKED.discard(uid)  # first: who sees that it has ended may have the node looked at
            _tracks.pop(uid, None)
            progress.close()

    run_beside(work, "mam2-" + uid)


def stop(uid: str) -> None:
    """Ask a node's track to stop; nothing happens if there is none."""
    if uid in _tracks:
        _tracks[uid][0].set()


def stop_all() -> None:
    """Ask every track to stop."""
    for event, _ in list(_tracks.values()):
        event.set()


def is_running(uid: str) -> bool:
    """Tell whether a node is being tracked."""
    return uid in _tracks


def progress_of(uid: str) -> Optional[Progress]:
    """Give how far a node's track is; None when there is none."""
    return _tracks[uid][1] if uid in _tracks else None


def _work(job: tracking.Job, progress: Progress, stop: threading.Event) -> None:
    """Do a job, then show what became of it: the mattes there are, and a sentence.

    Raises:
        EngineError: in a terminal, what went wrong; in an artist's session the node says it.
    """
    result: Optional[results.Result] = None
    kept, opening, failure = 0, "", None
    try:
        result = tracking.begin(job)
        kept = result.count
        tracking.run(job, result, progress, stop)
    except NodeGone:
        _discard(result)
        return
    except Cancelled:
        opening = "Stopped. "
    except EngineError as problem:
        failure = problem
    except OSError as problem:
        failure = _unusable(problem)
    except Exception as problem:  # noqa: BLE001 - the last place before the artist
        on_main(nuke.tprint, traceback.format_exc())
        failure = ServiceError("node.bug", f"MAM2 made a mistake of its own ({problem}).", "Please report it.")
    if result is not None and (opening or failure is not None) and result.count == kept:
        _discard(result)  # nothing came: what the node shows already is worth more
        result = None
    result, failure = _saved(result, failure)
    with suppress(NodeGone):
        seen, reading = on_main(_point, job, result)
        on_main(_say, job, standing.judge(seen), opening, failure, result is not None)
        if result is not None:
            results.remove(result.folder.parent, "", _KEPT, reading)
    if failure is not None and not nuke.GUI:
        raise failure


def _saved(
    result: Optional[results.Result], failure: Optional[EngineError]
) -> tuple[Optional[results.Result], Optional[EngineError]]:
    try:
        if result is not None:
            result.save()
    except OSError as problem:
        _discard(result)
        return None, failure or _unusable(problem)
    return result, failure


def _unusable(problem: OSError) -> OutputError:
    reason, path = problem.strerror or problem, problem.filename
    return OutputError(
        "cache.unwritable",
        f"The cache folder cannot be used: {reason}{f' ({path})' if path else ''}.",
        "Make room there, or choose another folder under Cache.",
    )


def _discard(result: Optional[results.Result]) -> None:
    if result is not None:
        shutil.rmtree(str(result.folder), ignore_errors=True)


def _point(job: tracking.Job, result: Optional[results.Result]) -> tuple[standing.Standing, set[str]]:
    """Point the node at what came; gives how it stands, to be judged, and the records that nodes read or have read."""
    node, span = job.find(), job.requests[0].shot.frames
    reading = {record_path(one) for one in our_nodes()}
    if result is not None:
        with nuke.Undo("MAM2: track"):  # one step: half a track taken back would be another's mattes
            if job.preview is not None:
                show_preview(node, result, span, job.preview)
            else:
                show_mattes(node, result, span)
    return standing.look(node), reading


def _say(
    job: tracking.Job, stands: standing.Standing, opening: str, failure: Optional[EngineError], came: bool
) -> None:
    node = job.find()
    standing.show(node, stands, opening)
    if failure is not None:
        standing.tell(node, str(failure))
        nuke.tprint(f"MAM2, {node.fullName()}: {failure}")
    elif opening and not came:
        standing.tell(node, "Stopped before the first matte was done. Press Track to begin again.")
