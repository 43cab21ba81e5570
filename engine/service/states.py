"""Which mattes are right, remembered: looking through a long shot's files takes longer than a page waits."""

from dataclasses import dataclass, field, replace

from engine.service.store import StoredShot


@dataclass(frozen=True)
class _Known:
    """What is known of a shot's mattes.

    Attributes:
        right: frames whose mattes are right.
        stale: frames whose mattes no longer fit.
        unread: frames whose mattes are new, so that nobody has looked at them; None: nobody has looked at any.
        digests: hashes of the plates, which every matte tracked after them is signed with.
    """

    right: frozenset[int] = frozenset()
    stale: frozenset[int] = frozenset()
    unread: frozenset[int] | None = None
    digests: dict[int, str] = field(default_factory=dict)


class MatteStates:
    """What is known of each shot's mattes; every change goes through the engine, which tells it."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def of(self, stored: StoredShot) -> tuple[list[int], list[int]]:
        """Give the frames whose mattes are right, and those whose mattes are stale, each ascending."""
        from engine.service.matte_state import right_frames  # noqa: PLC0415 - loads the image libraries

        known = self._known.setdefault(stored.name, _Known())
        if known.unread is None or known.unread:
            right, stale = right_frames(stored, stored.declaration(), known.unread, known.digests)
            looked = _Known(known.right - stale | right, known.stale - right | stale, frozenset(), known.digests)
            # Looked at in a thread of its own: if something has changed meanwhile, it may be old news already.
            if self._known.get(stored.name) is known:
                self._known[stored.name] = looked
            known = looked
        return sorted(known.right), sorted(known.stale)

    def made(self, name: str, frame: int) -> None:
        """Note that a frame's mattes have been made; they may be of a plate or prompts that were replaced meanwhile."""
        known = self._known.get(name)
        if known is not None and known.unread is not None:
            self._known[name] = replace(known, unread=known.unread | {frame})
        else:
            self.changed(name)

    def changed(self, name: str) -> None:
        """Note that a shot's plates, prompts or settings have changed."""
        self._known[name] = _Known()

    def forget(self, name: str) -> None:
        """Note that a shot is gone."""
        self._known.pop(name, None)
