"""The Expression node: an expression for each channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .expressions import Expression
from .ops_masked import masked
from .scope import lookup

if TYPE_CHECKING:
    from .image import Image
    from .renderer import Pull

_RGBA = ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha")
_SHORT = {"r": 0, "g": 1, "b": 2, "a": 3, "red": 0, "green": 1, "blue": 2, "alpha": 3}


class _Names:
    """What names mean in it: r, g, b, a, x, y, frame, full channel names, and the node's own knobs."""

    def __init__(self, pull: Pull, source: Image) -> None:
        self._pull = pull
        self._source = source

    def name(self, word: str) -> Any:
        box, source = self._source.bbox, self._source
        if word in _SHORT:
            return source.plane(_RGBA[_SHORT[word]])
        if word == "x":
            return np.broadcast_to(np.arange(box.x, box.r, dtype=float)[None, :], (box.h, box.w))
        if word == "y":
            return np.broadcast_to(np.arange(box.y, box.t, dtype=float)[:, None], (box.h, box.w))
        if word == "frame":
            return self._pull.context.frame
        return source.plane(word) if word in source.channels else lookup(self._pull.node, word, self._pull.context)

    def call(self, word: str, at: list[Any]) -> Any:
        """A channel at another place: `r(x + 1, y)`."""
        if word not in _SHORT:
            raise self._pull.fail(f"{word}: no such function")
        box = self._source.bbox
        rows = np.clip(np.broadcast_to(at[1], (box.h, box.w)).astype(int) - box.y, 0, box.h - 1)
        columns = np.clip(np.broadcast_to(at[0], (box.h, box.w)).astype(int) - box.x, 0, box.w - 1)
        return self._source.plane(_RGBA[_SHORT[word]])[rows, columns]


def expression(pull: Pull) -> Image:
    """Each channel that has an expression gets its value."""
    source = pull.input()
    names, box = _Names(pull, source), source.bbox
    texts: dict[str, str] = {}
    for i in range(4):
        if pull.value(f"expr{i}"):
            texts.update(dict.fromkeys(pull.node._knobs[f"channel{i}"]._channels(), pull.value(f"expr{i}")))

    def compute(channel: str) -> np.ndarray:
        if channel not in texts:
            return source.plane(channel)
        value = Expression(texts[channel]).evaluate(names.name, names.call)
        return np.broadcast_to(np.asarray(value, np.float32), (box.h, box.w))

    made = source.with_(channels=tuple(dict.fromkeys((*source.channels, *texts))), compute=compute)
    return masked(pull, source, made, 1)


OPS = {"Expression": expression}
