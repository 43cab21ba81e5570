"""Nodes that put two pictures together or move channels. Input 0 is B, input 1 is A."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import tcl
from .ops_masked import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from .image import Area, Image
    from .renderer import Pull

_ALPHA = "rgba.alpha"
# A, B, A's alpha, B's alpha -> result
OPERATIONS: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "over": lambda A, B, a, b: A + B * (1 - a),
    "under": lambda A, B, a, b: A * (1 - b) + B,
    "atop": lambda A, B, a, b: A * b + B * (1 - a),
    "plus": lambda A, B, a, b: A + B,
    "mask": lambda A, B, a, b: B * a,
    "stencil": lambda A, B, a, b: B * (1 - a),
    "in": lambda A, B, a, b: A * b,
    "out": lambda A, B, a, b: A * (1 - b),
    "multiply": lambda A, B, a, b: np.where((A < 0) & (B < 0), A, A * B),
    "screen": lambda A, B, a, b: np.where((A <= 1) | (B <= 1), A + B - A * B, np.maximum(A, B)),
    "max": lambda A, B, a, b: np.maximum(A, B),
    "min": lambda A, B, a, b: np.minimum(A, B),
    "difference": lambda A, B, a, b: np.abs(A - B),
    "from": lambda A, B, a, b: B - A,
    "copy": lambda A, B, a, b: A,
}


def _bbox(pull: Pull, b: Image, a: Image) -> Area:
    how = pull.value("bbox")
    if how == "union":
        return b.bbox.union(a.bbox)
    if how == "intersection":
        return b.bbox.intersection(a.bbox)
    return a.bbox if how.startswith("A") else b.bbox


def merge(pull: Pull) -> Image:
    """A onto B, by an operation on colour and alpha alike."""
    b, a = pull.input(0), pull.input(1)
    if not pull.has(1):
        return b
    if not pull.has(0):
        b = b.with_(format=a.format, bbox=a.bbox, channels=a.channels, compute=lambda name: 0 * a.plane(name))
    name = pull.value("operation")
    if name not in OPERATIONS:
        raise pull.fail(f"the stand-in for Nuke has no operation {name}")
    area = _bbox(pull, b, a)
    output = pull.node._knobs["output"]._channels()

    def compute(channel: str) -> np.ndarray:
        under = b.over(channel, area)
        if channel not in output:
            return under
        alphas = a.over(_ALPHA, area), b.over(_ALPHA, area)
        return OPERATIONS[name](a.over(channel, area), under, *alphas)

    channels = tuple(dict.fromkeys((*b.channels, *(c for c in a.channels if c in output))))
    made = b.with_(bbox=area, channels=channels, compute=compute, black_outside=b.black_outside and a.black_outside)
    return masked(pull, b, made, 2)


def copy(pull: Pull) -> Image:
    """Channels of A into B; what is not copied is B's, to the bit."""
    b, a = pull.input(0), pull.input(1)
    moves: dict[str, str] = {}
    for index in range(4):
        source, target = pull.value(f"from{index}"), pull.value(f"to{index}")
        if source != "none" and target != "none":
            moves.update(zip(_names(pull, f"to{index}"), _names(pull, f"from{index}"), strict=False))
    moves.update({name: name for name in pull.channels("channels", a)})
    area = _bbox(pull, b, a)

    def compute(channel: str) -> np.ndarray:
        return a.over(moves[channel], area) if channel in moves else b.over(channel, area)

    channels = tuple(dict.fromkeys((*b.channels, *moves)))
    made = b.with_(bbox=area, channels=channels, compute=compute, black_outside=b.black_outside and a.black_outside)
    return masked(pull, b, made, 2)


def _names(pull: Pull, knob: str) -> list[str]:
    return pull.node._knobs[knob]._channels()


def keymix(pull: Pull) -> Image:
    """A where the mask is, B elsewhere."""
    b, a = pull.input(0), pull.input(1)
    area = _bbox(pull, b, a)
    made = b.with_(
        bbox=area, channels=tuple(dict.fromkeys((*b.channels, *a.channels))), compute=lambda c: a.over(c, area)
    )
    return masked(pull, b, made, 2, by_default=_ALPHA)


def channel_merge(pull: Pull) -> Image:
    """One channel of A and one of B into one."""
    b, a = pull.input(0), pull.input(1)
    first, second, output = (_names(pull, name)[0] for name in ("A", "B", "output"))
    operation = pull.value("operation")
    area = _bbox(pull, b, a)

    def compute(channel: str) -> np.ndarray:
        if channel != output:
            return b.over(channel, area)
        A, B = a.over(first, area), b.over(second, area)
        if operation == "union":
            return A + B - A * B
        return OPERATIONS[operation](A, B, A, B)

    made = b.with_(bbox=area, channels=tuple(dict.fromkeys((*b.channels, output))), compute=compute)
    return masked(pull, b, made, 2)


_WORDS = ("red", "green", "blue", "alpha")


def shuffle(pull: Pull) -> Image:
    """The old Shuffle: each channel of `out` from one of `in`, black or white."""
    source = pull.input()
    ins, outs = _names(pull, "in"), _names(pull, "out")

    def compute(channel: str) -> np.ndarray:
        if channel not in outs:
            return source.plane(channel)
        word = pull.value(_WORDS[outs.index(channel)])
        if word in {"black", "white"}:
            return np.full((source.bbox.h, source.bbox.w), float(word == "white"), np.float32)
        return source.plane(ins[_WORDS.index(word)] if _WORDS.index(word) < len(ins) else "none")

    return source.with_(channels=tuple(dict.fromkeys((*source.channels, *outs))), compute=compute)


def shuffle2(pull: Pull) -> Image:
    """The new Shuffle: `mappings` says which channel of which input goes where. Its first input is B."""
    sources = [pull.input(0), pull.input(1)]
    words = tcl.split(pull.value("mappings").strip("{}"))
    moves = {channel: (0, channel) for channel in _names(pull, "out1")} if not words else {}
    for at in range(1, len(words), 6):
        source, side, _, target, *_ = words[at : at + 6]
        moves[target] = (max(0, int(side)), source)

    def compute(channel: str) -> np.ndarray:
        side, name = moves.get(channel, (0, channel))
        if name in {"black", "white"}:
            return np.full((sources[0].bbox.h, sources[0].bbox.w), float(name == "white"), np.float32)
        return sources[side].over(name, sources[0].bbox)

    return sources[0].with_(channels=tuple(dict.fromkeys((*sources[0].channels, *moves))), compute=compute)


def remove(pull: Pull) -> Image:
    """Takes channels away, or all others."""
    source = pull.input()
    named = {name for knob in ("channels", "channels2", "channels3") for name in pull.channels(knob, source)}
    keep = pull.value("operation") == "keep"
    return source.with_(channels=tuple(name for name in source.channels if (name in named) == keep))


def add_channels(pull: Pull) -> Image:
    """Adds channels with a value."""
    source = pull.input()
    new = [name for name in _names(pull, "channels") if name not in source.channels]
    color = pull.values("color")

    def compute(channel: str) -> np.ndarray:
        if channel not in new:
            return source.plane(channel)
        return np.full((source.bbox.h, source.bbox.w), color[min(new.index(channel), 2)], np.float32)

    return source.with_(channels=(*source.channels, *new), compute=compute)


OPS = {
    "Merge2": merge,
    "Copy": copy,
    "Keymix": keymix,
    "ChannelMerge": channel_merge,
    "Shuffle": shuffle,
    "Shuffle2": shuffle2,
    "Remove": remove,
    "AddChannels": add_channels,
}
