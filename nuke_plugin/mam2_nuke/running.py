"""The tracks under way in this Nuke, by the identity of their nodes: one at a time for each."""

import threading
from typing import Any, Optional

import nuke

from . import plates, results, tracking
from .contract import EngineError, ServiceError
from .host import Progress, on_main, run_beside
from .node import NodeGone, cache_folder, ensure_identity, finder, result_of, show_mattes, show_preview
from .request import read_requests
from .status import describe

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
    job = tracking.Job(finder(node), tuple(read_requests(node)), cache_folder(node), result_of(node), preview)
    stop, progress = _tracks[uid] = threading.Event(), Progress(f"MAM2: {node.name()}")
    node["status"].setValue("Tracking: the bar shows how far it is; Stop keeps what is done.")

    def work() -> None:
        try:
            _work(job, progress, stop)
        finally:
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
    try:
        _track_and_tell(job, progress, stop)
    except NodeGone:
        return  # nobody is left to be told
    except EngineError as problem:
        _failed(job, str(problem))
        if not nuke.GUI:
            raise
    except OSError as problem:
        _failed(job, f"The cache folder cannot be used: {problem}. Choose another under Cache.")
        if not nuke.GUI:
            raise


def _track_and_tell(job: tracking.Job, progress: Progress, stop: threading.Event) -> None:
    try:
        result = tracking.run(job, progress, stop)
    except plates.Cancelled:
        on_main(_say, job, "Stopped before the first matte was done. Press Track to begin again.")
    else:
        on_main(_finish, job, result, "Stopped. " if stop.is_set() or progress.cancelled else "")


def _finish(job: tracking.Job, result: results.Result, opening: str) -> None:
    node = job.find()
    if job.preview is not None:
        show_preview(node, result, job.preview)
    else:
        show_mattes(node, result)
    node["status"].setValue(opening + describe(node))


def _failed(job: tracking.Job, text: str) -> None:
    """Say what went wrong, and show what was done before it did."""

    def tell() -> None:
        node = job.find()
        found = results.latest(job.cache) if job.preview is None else None
        if found is not None and any(found.frames.values()):
            show_mattes(node, found)
        node["status"].setValue(text)
        nuke.tprint(f"MAM2, {node.fullName()}: {text}")

    try:
        on_main(tell)
    except NodeGone:
        return


def _say(job: tracking.Job, text: str) -> None:
    job.find()["status"].setValue(text)
