"""Which plates the engine has already, and of which graph: what has not changed is not rendered again."""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from .contract import write_whole
from .request import TrackRequest

_SAVE_EVERY = 50


class SentPlates:
    """Notes of one shot's plates, kept in the node's cache folder.

    Args:
        cache: the node's cache folder.
        request: what the plates are of.
        store: where the engine keeps them: another store has other plates.
    """

    def __init__(self, cache: Path, request: TrackRequest, store: str) -> None:
        self._path = cache / "sent.{}.json".format(request.view or "main")
        shot = request.shot
        self._what: list[object] = [store, request.plates.graph, request.plates.files, shot.width, shot.height]
        self._frames: set[int] = set()
        self._are_known = False
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
            if data["what"] == self._what:
                self._are_known = True
                self._frames = {int(frame) for frame in data["frames"]}
        except (OSError, ValueError, KeyError, TypeError):
            pass  # then every plate is rendered again, which is slower and never wrong

    def are_others(self, engine_has: Iterable[int]) -> bool:
        """Tell whether the engine has plates of another graph, or of other files."""
        return bool(list(engine_has)) and not self._are_known

    def known(self, engine_has: Iterable[int]) -> set[int]:
        """Give the frames whose plates need not be sent."""
        return self._frames.intersection(engine_has)

    def add(self, frame: int) -> None:
        """Note that a plate was taken over."""
        self._frames.add(frame)
        if len(self._frames) % _SAVE_EVERY == 0:
            self.save()

    def save(self) -> None:
        """Write the notes down, where that can be done."""
        with suppress(OSError):  # then every plate is rendered again, which is slower and never wrong
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, json.dumps({"what": self._what, "frames": sorted(self._frames)}).encode(), 0o666)
