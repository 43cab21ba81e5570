"""Which channels of an image file are the picture: by name, through parts and layers."""

from collections.abc import Sequence
from dataclasses import dataclass

_COLOURS = (("r", "red"), ("g", "green"), ("b", "blue"))
_GREYS = ("y", "l", "luminance", "grey", "gray", "i")


@dataclass(frozen=True)
class Part:
    """One part (subimage) of a file: its name, "" if it has none, and its channel names in file order."""

    name: str
    channels: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """A part's index and the indexes of its red, green and blue channels, or of one channel for a grey picture."""

    part: int
    channels: tuple[int, ...]


def choose(parts: Sequence[Part], layer: str | None) -> Choice | None:
    """Find the picture in a file.

    Without a layer, in this order: the first part with plain R, G and B; the first with a plain luminance; the first
    with a layer that has R, G and B; a part with one channel only; the first channels, if a part's have no names
    that say anything. With a layer: a part or a prefix `layer.` of that name (else the same without regard to
    case), in it R, G and B or else a single channel.

    Args:
        parts: the parts of the file, in file order.
        layer: name of a part or a layer, None for the main picture.

    Returns:
        None if there is no such picture.
    """
    if layer is not None:
        return _named(parts, layer) or _named(parts, layer.casefold(), fold=True)
    for find in (_plain_colour, _plain_grey, _first_layer, _only_channel):
        for index, part in enumerate(parts):
            channels = find(part.channels)
            if channels:
                return Choice(index, channels)
    return None


def names(parts: Sequence[Part]) -> tuple[str, ...]:
    """List the layers that `choose` would find, each once, in file order."""
    found: dict[str, None] = {}
    for part in parts:
        if part.name:
            found[part.name] = None
        for prefix in _prefixes(part.channels):
            found[prefix] = None
    return tuple(name for name in found if _named(parts, name))


def _named(parts: Sequence[Part], layer: str, *, fold: bool = False) -> Choice | None:
    for index, part in enumerate(parts):
        spelled = tuple(name.casefold() for name in part.channels) if fold else part.channels
        inside = _within(spelled, layer + ".")
        if inside:
            return Choice(index, inside)
        if (part.name.casefold() if fold else part.name) == layer:
            whole = _plain_colour(spelled) or _plain_grey(spelled) or _first_layer(spelled) or _only_channel(spelled)
            if whole:
                return Choice(index, whole)
    return None


def _within(channels: Sequence[str], prefix: str) -> tuple[int, ...]:
    """Give red, green and blue under a prefix, or the only channel under it."""
    stems = {name[len(prefix) :].casefold(): i for i, name in enumerate(channels) if name.startswith(prefix)}
    colours = tuple(next((stems[word] for word in words if word in stems), -1) for words in _COLOURS)
    if min(colours) >= 0:
        return colours
    return tuple(stems.values()) if len(stems) == 1 else ()


def _prefixes(channels: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.rpartition(".")[0] for name in channels if "." in name))


def _plain_colour(channels: Sequence[str]) -> tuple[int, ...]:
    found = _within(channels, "")
    return found if len(found) == len(_COLOURS) else ()


def _plain_grey(channels: Sequence[str]) -> tuple[int, ...]:
    return next(((i,) for i, name in enumerate(channels) if name.casefold() in _GREYS), ())


def _first_layer(channels: Sequence[str]) -> tuple[int, ...]:
    layers = (_within(channels, prefix + ".") for prefix in _prefixes(channels))
    return next((found for found in layers if len(found) == len(_COLOURS)), ())


def _only_channel(channels: Sequence[str]) -> tuple[int, ...]:
    return (0,) if len(channels) == 1 else ()
