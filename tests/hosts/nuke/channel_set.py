"""The layers and channels that a session knows. They are shared by all scripts until Nuke ends."""

from __future__ import annotations

_BUILT_IN = {
    "rgb": ["rgba.red", "rgba.green", "rgba.blue"],
    "rgba": ["rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"],
    "alpha": ["rgba.alpha"],
    "depth": ["depth.Z"],
    "motion": ["forward.u", "forward.v", "backward.u", "backward.v"],
    "forward": ["forward.u", "forward.v"],
    "backward": ["backward.u", "backward.v"],
    "mask": ["mask.a"],
    "other": [],
}
_SHORT = {"red": "rgba.red", "green": "rgba.green", "blue": "rgba.blue", "alpha": "rgba.alpha"}
_CONSTANTS = {"none", "all", "black", "white", "0", "1", "-"}


class Layers:
    """Layers by name, each a list of full channel names."""

    def __init__(self) -> None:
        self._layers = {name: list(channels) for name, channels in _BUILT_IN.items()}

    def add(self, channel: str) -> None:
        """Add a channel by its full name.

        Raises:
            ValueError: a name without a layer, or a layer that begins with a digit.
        """
        layer, _, name = channel.partition(".")
        if not layer or not name or layer[0].isdigit():
            raise ValueError(f"{channel!r} names no channel of a layer")
        channels = self._layers.setdefault(layer, [])
        if channel not in channels:
            channels.append(channel)

    def rename(self, old: str, new: str) -> None:
        """Give a layer another name."""
        self._layers[new] = [f"{new}.{channel.partition('.')[2]}" for channel in self._layers.pop(old)]

    def names(self) -> list[str]:
        """Every layer."""
        return [name for name, channels in self._layers.items() if channels]

    def added_names(self) -> list[str]:
        """The layers that Nuke does not bring with it."""
        return [name for name in self.names() if name not in _BUILT_IN]

    def channels(self) -> list[str]:
        """Every channel."""
        return list(dict.fromkeys(channel for channels in self._layers.values() for channel in channels))

    def channels_of(self, word: str) -> list[str]:
        """The channels that a word stands for: a layer, a channel, `all` or `none`."""
        if word in {"none", "0", "-"}:
            return []
        if word == "all":
            return ["all"]
        if word in self._layers:
            return list(self._layers[word])
        return [_SHORT.get(word, word)]

    def checked(self, word: str) -> str:
        """Give a word back if it names something.

        Raises:
            ValueError: no layer and no channel has this name.
        """
        if word in _CONSTANTS or word in self._layers or word in _SHORT or word in self.channels():
            return word
        raise ValueError(f"{word!r} names no layer and no channel")
