"""Which channels of an image file are the picture: by name, through parts and layers.

The rule for a file of many layers, best first: plain R, G and B; a layer whose name means the beauty; the only colour
layer there is. Layers that hold data are never the picture unless they are asked for, and where that leaves several,
nothing is guessed. Names of render passes are those that Arnold, V-Ray, Redshift, RenderMan, Karma and Cycles write.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PLAIN = ""
"""The name of a file's plain R, G and B."""

_COLOURS = (("r", "red"), ("g", "green"), ("b", "blue"))
_GREYS = ("y", "l", "luminance", "grey", "gray", "i")
_ALPHAS = ("a", "alpha")
_BEAUTY = ("beauty", "rgba", "rgb", "combined", "c", "main")  # the best first
_DEFAULT_VIEWS, _OTHER_VIEWS = ("left", "default", "main"), ("right",)
_UNNAMED = re.compile(r"(?:part|subimage|image)?\d*")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_DATA = frozenset(
    {"depth", "z", "zdepth", "deep", "mist", "ao", "occlusion", "ambientocclusion", "id", "ids", "objectid", "index"}
    | {"materialid", "normal", "normals", "n", "nn", "ng", "nworld", "position", "positions", "pos", "p", "pp", "pref"}
    | {"pworld", "worldpos", "xyz", "uv", "uvs", "st", "uvw", "motion", "motionvector", "motionvectors", "vector"}
    | {"vectors", "velocity", "vel", "mv", "flow", "forward", "backward"}
)
_MATTES = frozenset({"puzzle", "matte", "mattes", "mask", "masks", "multimatte"})
_MOST_LISTED = 24


@dataclass(frozen=True)
class Part:
    """One part (subimage) of a file: its name, "" if it has none, its channel names in file order, and its view."""

    name: str
    channels: tuple[str, ...]
    view: str = ""


@dataclass(frozen=True)
class Choice:
    """A picture in a file.

    Attributes:
        part: index of its part.
        channels: the indexes of its red, green and blue channels, or of one channel for a grey picture.
        name: what `choose` finds it by in this file and in others like it: of a layer, a part or a channel.
    """

    part: int
    channels: tuple[int, ...]
    name: str = PLAIN


def choose(parts: Sequence[Part], layer: str | None) -> Choice | None:
    """Find the picture in a file.

    Args:
        parts: the parts of the file, in file order.
        layer: name of a layer, a part, or a single channel, in any case; `PLAIN`: plain R, G and B. None: by the rule
            above; of a stereo pair the left or default view; a grey channel only where no colour layer is.

    Returns:
        None if there is no such picture, or several of which none is the likeliest.
    """
    if layer == PLAIN:
        return next((one for one in _colour_layers(parts) if one.name == PLAIN), None)
    if layer is not None:
        return _named(parts, layer) or _named(parts, layer.casefold(), fold=True)
    found = [(standing, one) for one in _colour_layers(parts) if (standing := _standing(parts, one)) is not None]
    if not found:
        return _grey(parts)
    best = min(standing for standing, _ in found)
    chosen = [one for standing, one in found if standing == best]
    return chosen[0] if len(chosen) == 1 or best == (0, 0) else None


def names(parts: Sequence[Part]) -> tuple[str, ...]:
    """List what `choose` finds by name, each once, in file order: colour layers, then layers of one channel."""
    colours = [one.name for one in _colour_layers(parts) if one.name != PLAIN]
    singles = [one.name for one in single_layers(parts)]
    return tuple(name for name in dict.fromkeys([*colours, *singles]) if choose(parts, name))


def listed(names_found: Sequence[str]) -> str:
    """Write names for a message, as many as anybody would read."""
    more = len(names_found) - _MOST_LISTED
    return ", ".join(names_found[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def single_layers(parts: Sequence[Part]) -> list[Choice]:
    """Give the layers and parts of a single channel; the name is the channel's, or the part's where that says more."""
    found = []
    for index, part in enumerate(parts):
        for prefix in ("", *_prefixes(part.channels)):
            inside = _inside(part.channels, prefix)
            if len(inside) == 1 and (prefix or len(part.channels) == 1):
                name = part.channels[inside[0]]
                found.append(Choice(index, inside, part.name if len(parts) > 1 and part.name and not prefix else name))
    return found


def alpha_of(parts: Sequence[Part], beside: Choice | None = None) -> Choice | None:
    """Find the alpha: the one beside a layer's colours, or the file's plain one."""
    for index, part in enumerate(parts):
        prefix = part.channels[beside.channels[0]].rpartition(".")[0] if beside and beside.part == index else ""
        stems = {part.channels[i].rpartition(".")[2].casefold(): i for i in _inside(part.channels, prefix)}
        found = next((stems[word] for word in _ALPHAS if word in stems), None)
        if found is not None and (beside is None or beside.part == index):
            return Choice(index, (found,), part.channels[found])
    return None


def is_data(name: str) -> bool:
    """Tell whether a layer's or channel's name says that it measures something: depth, normals, motion, IDs."""
    words = [word.casefold() for word in _WORDS.findall(name)]
    return any(word in _DATA or word.startswith("crypto") for word in words)


def _standing(parts: Sequence[Part], layer: Choice) -> tuple[int, int] | None:
    """Say how likely a layer is the picture, the lowest first, and the same for all that nothing tells apart."""
    if layer.name == PLAIN:
        return (0, 0)
    words = [word for word in layer.name.casefold().split(".") if word]
    views = {word for word in (*words, parts[layer.part].view.casefold()) if word in (*_DEFAULT_VIEWS, *_OTHER_VIEWS)}
    other = int(bool(views & {*_OTHER_VIEWS}))
    said = [word for word in words if word not in (*_DEFAULT_VIEWS[:2], *_OTHER_VIEWS)]
    if not said:
        return (1 + len(_BEAUTY), other)
    if is_data(layer.name) or any(word.casefold() in _MATTES for word in _WORDS.findall(layer.name)):
        return None
    return (1 + _BEAUTY.index(said[-1]) if said[-1] in _BEAUTY else 2 + len(_BEAUTY), other)


def _colour_layers(parts: Sequence[Part]) -> list[Choice]:
    """Give every layer with red, green and blue, in file order."""
    prefixes = [("", *_prefixes(part.channels)) for part in parts]
    found = []
    for index, part in enumerate(parts):
        for prefix in prefixes[index]:
            channels = _colours(part.channels, prefix)
            if channels:
                alone = sum(prefix in others for others in prefixes) == 1
                found.append(Choice(index, channels, _name(part, prefix, many=len(parts) > 1, alone=alone)))
    return found


def _name(part: Part, prefix: str, *, many: bool, alone: bool) -> str:
    named = part.name if many and not _UNNAMED.fullmatch(part.name.casefold()) else ""
    if not prefix:
        return named
    return prefix if alone or not named else f"{named}.{prefix}"


def _grey(parts: Sequence[Part]) -> Choice | None:
    every = [(index, i, name) for index, part in enumerate(parts) for i, name in enumerate(part.channels)]
    coloured = [one for one in every if one[2].casefold() not in _ALPHAS]
    if len(every) == 1 or (len(coloured) == 1 and not is_data(coloured[0][2])):
        index, i, name = (coloured or every)[0]
        return Choice(index, (i,), name)
    for index, i, name in every:
        plain = {other.casefold() for other in parts[index].channels}
        # X, Y and Z are a place or a direction; Y with RY and BY is a colour picture in an encoding of its own.
        if name.casefold() in _GREYS and not plain & {"x", "ry", "by"}:
            return Choice(index, (i,), name)
    return None


def _named(parts: Sequence[Part], layer: str, *, fold: bool = False) -> Choice | None:
    def same(name: str) -> str:
        return name.casefold() if fold else name

    for index, part in enumerate(parts):
        spelled = tuple(map(same, part.channels))
        # A layer may stand in a part of another name.
        for prefix in (layer, layer.removeprefix(same(part.name) + ".")):
            inside = _colours(spelled, prefix) or _only(_inside(spelled, prefix))
            if inside and (prefix == layer or layer == f"{same(part.name)}.{prefix}"):
                return Choice(index, inside, layer)
        if same(part.name) == layer:
            whole = choose([Part("", part.channels, part.view)], None)
            if whole:
                return Choice(index, whole.channels, layer)
    for index, part in enumerate(parts):
        spelled = tuple(map(same, part.channels))
        if layer in spelled:
            return Choice(index, (spelled.index(layer),), layer)
    return None


def _inside(channels: Sequence[str], prefix: str) -> tuple[int, ...]:
    """Give the channels right under a prefix, or those without one."""
    return tuple(i for i, name in enumerate(channels) if name.rpartition(".")[0] == prefix)


def _colours(channels: Sequence[str], prefix: str) -> tuple[int, ...]:
    """Give red, green and blue under a prefix, if all are there."""
    stems = {channels[i].rpartition(".")[2].casefold(): i for i in _inside(channels, prefix)}
    found = tuple(next((stems[word] for word in words if word in stems), -1) for words in _COLOURS)
    return found if min(found) >= 0 else ()


def _only(channels: tuple[int, ...]) -> tuple[int, ...]:
    return channels if len(channels) == 1 else ()


def _prefixes(channels: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.rpartition(".")[0] for name in channels if "." in name))
