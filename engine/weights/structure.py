"""Networks without values: built fast, to be filled from a file or only to be measured."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from engine.contract.errors import ModelError
from engine.model.config import MAM2Config
from engine.model.image_encoder import add_lora
from engine.model.mam2 import MAM2
from engine.model.matter import Matter
from engine.model.picture_trimap import PictureTrimap
from engine.model.tracker import Tracker
from engine.weights.header import Contents
from engine.weights.keys import absent_as_allowed


class _SkipInit(TorchFunctionMode):
    """Within this context `torch.nn.init` does nothing: parameters hold whatever memory held."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def empty_model(config: MAM2Config) -> MAM2:
    """Build a model with arbitrary values, ten times as fast as one with initial values.

    Only for a strict load that fills every tensor, or for its shapes. The random generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]), _SkipInit():
        return MAM2(config)


def empty_parts(contents: Contents) -> nn.ModuleDict:
    """Build the parts that a weights file holds, with arbitrary values; their tensors have the file's names."""
    parts = nn.ModuleDict()
    with torch.random.fork_rng(devices=[]), _SkipInit():
        if contents.tracker is not None:
            parts["tracker"] = Tracker(contents.tracker)
            if contents.lora is not None:
                add_lora(parts["tracker"].image_encoder, contents.lora)
        if contents.matter is not None:
            parts["matter"] = Matter(contents.matter)
        if contents.trimap is not None:
            parts["trimap"] = PictureTrimap(contents.trimap)
    return parts


def check_fit(contents: Contents, structure: nn.Module, given: Mapping[str, Tensor], file: str) -> set[str]:
    """Refuse tensors that do not fill a structure.

    Args:
        contents: what the file says that it holds.
        structure: has at least these parts, its tensors by the names of `MAM2`.
        given: the file's tensors.
        file: its name, for the error.

    Returns:
        Names of the tensors that are absent and may be: MAM2's additions to a published SAM 2.1.

    Raises:
        ModelError: `model.keys`; names tensors that are missing, misshapen or extra and counts the rest.
    """
    prefixes = tuple(f"{part}." for part in contents.parts)
    expected = {key: tensor for key, tensor in structure.state_dict().items() if key.startswith(prefixes)}
    absent = absent_as_allowed(expected, given, "tracker.") if contents.trimap_from != "decoder" else set()
    missing = [f"{key} is missing" for key in expected if key not in given and key not in absent]
    extra = [f"{key} does not belong" for key in given if key not in expected]
    shapes = {key: (_shape(tensor), _shape(given[key])) for key, tensor in expected.items() if key in given}
    wrong = [f"{key} is {there} instead of {here}" for key, (here, there) in shapes.items() if here != there]
    problems = [_first(found) for found in (missing, wrong, extra) if found]
    if problems:
        raise ModelError(
            "model.keys",
            f"{file} does not fit {contents.name}: {'; '.join(problems)}.",
            "It is another network's file, another version's, or incomplete: get the right one.",
        )
    return absent


def _shape(tensor: Tensor) -> str:
    # Half precision fills the same structure; whole numbers do not.
    return f"{tuple(tensor.shape)}" + ("" if tensor.is_floating_point() else f" of {tensor.dtype}")


def _first(problems: list[str]) -> str:
    return problems[0] + (f" (and {len(problems) - 1} more like it)" if len(problems) > 1 else "")
