"""Animation curves: keys, how values run between them, and their text form."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, field, replace

# nuke.SMOOTH .. nuke.CUBIC; a letter before a key in the text form.
SMOOTH, CONSTANT, LINEAR, CATMULL_ROM, CUBIC, BREAK, HORIZONTAL = 0, 1, 2, 3, 4, 18, 17
_LETTERS = {"K": CONSTANT, "L": LINEAR, "R": CATMULL_ROM, "C": CUBIC, "H": HORIZONTAL, "S": SMOOTH}
_BY_KIND = {kind: letter for letter, kind in _LETTERS.items()}


@dataclass(frozen=True)
class Key:
    """A value at a time; `left` and `right` are slopes that somebody set by hand."""

    x: float
    y: float
    kind: int = SMOOTH
    left: float | None = None
    right: float | None = None


@dataclass
class Curve:
    """Keys in the order of time."""

    keys: list[Key] = field(default_factory=list)

    def copy(self) -> Curve:
        """Give a curve that shares nothing."""
        return Curve(list(self.keys))

    def at(self, time: float) -> Key | None:
        """Give the key that stands at a time, if one does."""
        return next((key for key in self.keys if key.x == time), None)

    def put(self, key: Key) -> None:
        """Set a key; one at the same time is replaced and lends its interpolation."""
        old = self.at(key.x)
        if old is not None:
            self.keys[self.keys.index(old)] = replace(key, kind=old.kind, left=old.left, right=old.right)
        else:
            bisect.insort(self.keys, key, key=lambda other: other.x)

    def remove(self, time: float) -> None:
        """Take away the key at a time."""
        self.keys = [key for key in self.keys if key.x != time]

    def evaluate(self, time: float, default: float = 0.0) -> float:
        """Give the value at a time; outside of the keys the nearest one holds."""
        if not self.keys:
            return default
        after = bisect.bisect_right(self.keys, time, key=lambda key: key.x)
        if after == 0:
            return self.keys[0].y
        left = self.keys[after - 1]
        if after == len(self.keys) or left.x == time or left.kind == CONSTANT:
            return left.y
        right = self.keys[after]
        span = right.x - left.x
        part = (time - left.x) / span
        if left.kind == LINEAR:
            return left.y + (right.y - left.y) * part
        return _hermite(left.y, self._slope(after - 1) * span, right.y, self._slope(after, side=-1) * span, part)

    def _slope(self, index: int, side: int = 1) -> float:
        """Give the slope at a key, seen from the right (1) or the left (-1)."""
        key = self.keys[index]
        by_hand = key.right if side > 0 else key.left
        if by_hand is not None:
            return by_hand
        if key.kind == HORIZONTAL:
            return 0.0
        before = self.keys[index - 1] if index else None
        after = self.keys[index + 1] if index + 1 < len(self.keys) else None
        # [R] An end key leans to its only neighbour, so that two keys make a straight line.
        if before is None or after is None:
            a, b = before or key, after or key
            return (b.y - a.y) / (b.x - a.x) if b.x != a.x else 0.0
        # [D] A smooth key between two that both lie above it, or both below, is flat; else it takes their slope.
        if key.kind in {SMOOTH, CONSTANT, LINEAR} and (key.y - before.y) * (after.y - key.y) <= 0:
            return 0.0
        return (after.y - before.y) / (after.x - before.x)


def _hermite(y0: float, m0: float, y1: float, m1: float, t: float) -> float:
    return (
        (2 * t**3 - 3 * t**2 + 1) * y0 + (t**3 - 2 * t**2 + t) * m0 + (-2 * t**3 + 3 * t**2) * y1 + (t**3 - t**2) * m1
    )


def number(value: float) -> str:
    """Write a number as a script does: no needless point, ten digits."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.10g}" if float(f"{value:.10g}") == value else repr(float(value))


def parse(tokens: list[str]) -> Curve:
    """Read the words that follow `curve`.

    `xN` sets the time; a bare number is the value there and moves on by one frame; a letter sets how values run from
    the next keys on; `sN` and `tN` set the last key's slopes.

    Raises:
        ValueError: a word is none of these.
    """
    curve, time, kind, step = Curve(), 0.0, SMOOTH, 1.0
    for token in tokens:
        if token in _LETTERS:
            kind = _LETTERS[token]
        elif token in {"i", "l", "r"}:  # flags of the curve editor
            continue
        elif token[0] == "x":
            time = float(token[1:])
        elif token[0] in "st" and curve.keys:
            last = curve.keys[-1]
            slope = float(token[1:])
            left = slope if token[0] == "s" else last.left
            curve.keys[-1] = replace(last, left=left, right=slope)
        elif token[0] in "abuv" and len(token) > 1:  # lengths of the handles
            float(token[1:])
        else:
            curve.put(Key(time, float(token), kind))
            time += step
    return curve


def write(curve: Curve) -> str:
    """Write the words that follow `curve`; `parse` reads them back."""
    words: list[str] = []
    kind = SMOOTH
    expected: float | None = None
    for key in curve.keys:
        if key.kind != kind:
            words.append(_BY_KIND.get(key.kind, "S"))
            kind = key.kind
        if expected != key.x:
            words.append(f"x{number(key.x)}")
        words.append(number(key.y))
        if key.left is not None and key.right is not None:
            words.append(f"s{number(key.left)}")
            if key.right != key.left:
                words.append(f"t{number(key.right)}")
        expected = key.x + 1
    return " ".join(words)
