"""Waiting for the engine's answers without being held by them: who presses Stop is free, whatever the engine does."""

import threading
from typing import Any, Callable, Optional, TypeVar

Answer = TypeVar("Answer")

GRACE = 0.2
"""Seconds that an answer may still take once nobody wants to wait."""
_LOOK = 0.05


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """The artist has stopped it."""


def answer(call: Callable[[], Answer], heed: Callable[[], None]) -> Answer:
    """Make a call in a thread of its own and give what it gives, or raise what it raises.

    Args:
        call: asks the engine; it never touches Nuke. When it is given up it goes on alone, and nobody hears of it.
        heed: raises `Cancelled` once the artist has stopped.

    Raises:
        Cancelled: stopped, and no answer within `GRACE`.
    """
    outcome: list[tuple[Optional[Exception], Any]] = []

    def ask() -> None:
        try:
            outcome.append((None, call()))
        except Exception as problem:  # noqa: BLE001 - raised again where it was asked for
            outcome.append((problem, None))

    thread = threading.Thread(target=ask, name="mam2-ask", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_LOOK)
            heed()
    except Cancelled:
        thread.join(GRACE)
        if not outcome:
            raise
    problem, found = outcome[0]
    if problem is not None:
        raise problem
    return found  # type: ignore[no-any-return]
