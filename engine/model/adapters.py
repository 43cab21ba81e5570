"""Low-rank adapters folded into the weights that they adapt, in a file's tensors: nothing of PEFT is imported."""

from collections.abc import Mapping

from torch import Tensor

from engine.model.config import LoraSettings

_DOWN, _UP, _BASE = ".lora_A.default.weight", ".lora_B.default.weight", ".base_layer."


def merged(tensors: Mapping[str, Tensor], settings: LoraSettings) -> dict[str, Tensor]:
    """Give an encoder's tensors by the names that they have without adapters: W + B A alpha / rank, in float32.

    Adapters that do not fit their weights stay as they are, for whoever checks names and shapes.
    """
    given = dict(tensors)
    for layer in [name.removesuffix(_DOWN) for name in tensors if name.endswith(_DOWN)]:
        if not _fits(given, layer):
            continue
        down, up = given.pop(layer + _DOWN).float(), given.pop(layer + _UP).float()
        change = up.flatten(1) @ down.flatten(1) * (settings.alpha / settings.rank)
        base = given.pop(f"{layer}{_BASE}weight").float()
        given[f"{layer}.weight"] = base + change.view_as(base)
        if f"{layer}{_BASE}bias" in given:
            given[f"{layer}.bias"] = given.pop(f"{layer}{_BASE}bias")
    return given


def _fits(given: Mapping[str, Tensor], layer: str) -> bool:
    names = (f"{layer}{_BASE}weight", layer + _DOWN, layer + _UP)
    if any(name not in given or given[name].ndim < 2 or given[name][0, 0].numel() != 1 for name in names):
        return False  # a linear layer's weight, or a convolution's of 1x1
    (rows, columns), down, up = (tuple(given[name].shape[:2]) for name in names)
    return down == (up[1], columns) and up[0] == rows
