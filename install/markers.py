"""One line of ours in a file of the user's: put in, changed and taken out without touching another byte."""

from __future__ import annotations

from problems import SetupError

BEGIN = b"# >>> MAM2: written by 'python3 install hosts', removed by 'python3 install remove'"
END = b"# <<< MAM2"


def put(text: bytes, line: str) -> tuple[bytes, bytes]:
    """Give the text with the line between markers, and the line end that had to join the two, or nothing.

    A text that has the markers keeps its place for them; the line between is replaced.

    Raises:
        SetupError: the markers are not a pair.
    """
    end_of_line = b"\r\n" if b"\r\n" in text else b"\n"
    block = end_of_line.join((BEGIN, line.encode("utf-8"), END)) + end_of_line
    place = _find(text)
    if place is not None:
        start, stop = place
        return text[:start] + block + text[stop:], b""
    joint = b"" if not text or text.endswith((b"\n", b"\r")) else end_of_line
    return text + joint + block, joint


def take_out(text: bytes, joint: bytes) -> bytes:
    """Give the text without markers and line: what it was before `put`, and what the user added since.

    Args:
        text: with or without the markers.
        joint: as `put` gave it; it goes too where nothing was added behind the markers.

    Raises:
        SetupError: the markers are not a pair.
    """
    place = _find(text)
    if place is None:
        return text
    before, behind = text[: place[0]], text[place[1] :]
    if joint and not behind and before.endswith(joint):
        before = before[: -len(joint)]
    return before + behind


def _find(text: bytes) -> tuple[int, int] | None:
    """Give where the block begins and where the text behind it does."""
    counts = (text.count(BEGIN), text.count(END))
    if counts == (0, 0):
        return None
    start, stop = text.find(BEGIN), text.find(END)
    if counts != (1, 1) or stop < start:
        raise SetupError(
            "The lines that mark MAM2's own part in Nuke's init.py are damaged or there twice.",
            "Delete them and what stands between them by hand, and run the same command again.",
        )
    stop += len(END)
    for end_of_line in (b"\r\n", b"\n"):
        if text.startswith(end_of_line, stop):
            return start, stop + len(end_of_line)
    return start, stop
