"""nuke.FrameRange and nuke.FrameRanges."""

from __future__ import annotations

import re
from typing import Any

from .current import police

_RANGE = re.compile(r"(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?")


@police
class FrameRange:
    """First, last and step: from three numbers or from text such as `1001-1050x2`."""

    def __init__(self, *args: Any) -> None:
        if len(args) == 1:
            match = _RANGE.fullmatch(str(args[0]).strip())
            if match is None:
                raise ValueError(f"{args[0]!r} is no frame range")
            first, last, step = match.groups()
            args = (first, last or first, step or 1)
        self._first, self._last, self._step = (int(value) for value in ((*args, 1) if len(args) == 2 else args))
        self._at = 0

    def __str__(self) -> str:
        if self._first == self._last:
            return str(self._first)
        return f"{self._first}-{self._last}" + (f"x{self._step}" if self._step != 1 else "")

    def _frames(self) -> list[int]:
        step = self._step or 1
        return list(range(self._first, self._last + (1 if step > 0 else -1), step))

    def __iter__(self):
        return iter(self._frames())

    def first(self):
        return self._first

    def last(self):
        return self._last

    def increment(self):
        return self._step

    def setFirst(self, n):
        self._first = int(n)

    def setLast(self, n):
        self._last = int(n)

    def setIncrement(self, n):
        self._step = int(n)

    def frames(self):
        return len(self._frames())

    def getFrame(self, n):
        return self._frames()[n]

    def isInRange(self, n):
        return n in self._frames()

    def minFrame(self):
        return min(self._first, self._last)

    def maxFrame(self):
        return max(self._first, self._last)


@police
class FrameRanges:
    """Several ranges: from text such as `1-10 20-30x2`, from a list of ranges or of frames."""

    def __init__(self, *args: Any) -> None:
        given = args[0] if len(args) == 1 else args
        parts = given.split() if isinstance(given, str) else [given] if isinstance(given, FrameRange) else list(given)
        self._ranges = [part if isinstance(part, FrameRange) else FrameRange(part) for part in parts]

    def __str__(self) -> str:
        return " ".join(str(part) for part in self._ranges)

    def __iter__(self):
        return iter(self._ranges)

    def size(self):
        return len(self._ranges)

    def add(self, r):
        self._ranges.append(r)

    def clear(self):
        self._ranges.clear()

    def minFrame(self):
        return min(part.minFrame() for part in self._ranges)

    def maxFrame(self):
        return max(part.maxFrame() for part in self._ranges)

    def toFrameList(self):
        return sorted({frame for part in self._ranges for frame in part._frames()})
