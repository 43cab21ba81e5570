"""Which mattes are right, remembered: looking through a long shot's files takes longer than a page waits."""

from engine.service.store import StoredShot


class MatteStates:
    """What is known of each shot's mattes; every change goes through the engine, which tells it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[set[int], set[int]]] = {}
        self._changes = 0

    def of(self, stored: StoredShot) -> tuple[list[int], list[int]]:
        """Give the frames whose mattes are right, and those whose mattes are stale, each ascending."""
        from engine.service.matte_state import right_frames  # noqa: PLC0415 - loads the image libraries

        found = self._known.get(stored.name)
        if found is None:
            before = self._changes
            right, stale = right_frames(stored, stored.declaration())
            found = (set(right), set(stale))
            if before == self._changes:  # else it may be old news already: looked at in a thread of its own
                self._known[stored.name] = found
        return sorted(found[0]), sorted(found[1])

    def made(self, name: str, frame: int) -> None:
        """Note that a frame's mattes have been made, or found right."""
        self._changes += 1
        if name in self._known:
            right, stale = self._known[name]
            self._known[name] = (right | {frame}, stale - {frame})

    def forget(self, name: str) -> None:
        """Note that a shot's plates, prompts or settings have changed."""
        self._changes += 1
        self._known.pop(name, None)
