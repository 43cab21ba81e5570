"""How sure the tracker was of each object on each frame: written by a worker as it mattes, read for whoever asks.

One line a frame in the shot's folder; the last of a frame counts, and one that was cut off did not happen.
"""

import json
from contextlib import suppress
from pathlib import Path

from engine.contract.shot import ShotObject
from engine.service.store import StoredShot
from engine.session.presence import Presence, doubtful_frames, lost_from

_FILE = "presence.jsonl"

ByFrame = dict[int, Presence]


def note_presence(stored: StoredShot, frame: int, found: dict[str, Presence]) -> None:
    """Add a frame; where there is no room for it, nobody will know how sure the tracker was."""
    rows = {name: [one.certainty, one.share] for name, one in found.items()}
    with suppress(OSError), _path(stored).open("a", encoding="utf-8") as file:
        file.write(json.dumps([frame, rows]) + "\n")


def read_presence(stored: StoredShot) -> dict[str, ByFrame]:
    """Give what is known, by object and frame."""
    known: dict[str, ByFrame] = {}
    try:
        text = _path(stored).read_text(encoding="utf-8")
    except OSError:
        return known
    for line in text.splitlines():
        with suppress(ValueError, TypeError, AttributeError):
            frame, rows = json.loads(line)
            for name, (certainty, share) in rows.items():
                known.setdefault(name, {})[int(frame)] = Presence(certainty, share)
    return known


def doubts(
    stored: StoredShot, objects: tuple[ShotObject, ...], frames: list[int]
) -> tuple[dict[int, float], list[int], dict[str, int]]:
    """Say how sure the tracker was.

    Args:
        stored: the shot.
        objects: that are declared now.
        frames: that have mattes.

    Returns:
        The least certainty of any object by frame, 0..1; the frames on which one may be lost, ascending; and by the
        name of such an object, the frame from which on it may be.
    """
    known, there = read_presence(stored), set(frames)
    confidence: dict[int, float] = {}
    doubtful: set[int] = set()
    lost: dict[str, int] = {}
    for thing in (one for one in objects if not one.masks):
        found = {frame: one for frame, one in known.get(thing.name, {}).items() if frame in there}
        prompted = {prompt.frame for prompt in thing.prompts}
        for frame, one in found.items():
            confidence[frame] = min(one.certainty, confidence.get(frame, 1.0))
        doubtful.update(doubtful_frames(found, prompted))
        first = lost_from(found, prompted)
        if first is not None:
            lost[thing.name] = first
    return dict(sorted(confidence.items())), sorted(doubtful), lost


def _path(stored: StoredShot) -> Path:
    return stored.folder / _FILE
