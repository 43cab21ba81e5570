"""Models from weights files and back: one way for the starter, for SAM 2.1 with a public matter, and for MAM2.

A model is one file with everything, or a file with the tracker beside one with the matter. Every tensor is accounted
for. What a published SAM 2.1 lacks, MAM2's additions, begins as designed: the trimap's upscaler as a copy of the
mask's, mask augmentation and adapters as the identity, tokens and hypernetworks as their modules initialise.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from engine.contract.errors import ModelError
from engine.model.config import CONFIGS, LoraSettings, MAM2Config, MatterConfig
from engine.model.image_encoder import add_lora, lora_layers, merged
from engine.model.mam2 import MAM2
from engine.model.matter import Matter
from engine.model.picture_trimap import PictureTrimap
from engine.model.ready.make_ready import is_ready, make_ready
from engine.weights.catalogue import (
    OFFICIAL,
    ModelFiles,
    find_files,
    matters_here,
    picture_trimap_file,
    weights_folder,
)
from engine.weights.file import read_weights, write_weights
from engine.weights.header import PARTS, RESERVED, TRIMAPS, Contents, matter_name, read_header
from engine.weights.import_weights import ImportedWeights, import_file, verify_file
from engine.weights.keys import copied_from, public_start, vitmatte_into_mematte
from engine.weights.structure import check_fit, empty_model, empty_parts

DEVICES = ("auto", "cpu", "cuda", "mps")


def pick_device(name: str) -> torch.device:
    """Give the device for a name, after checking that this machine has it.

    Args:
        name: `auto` (CUDA, else Apple's GPU, else the CPU), `cpu`, `cuda`, `cuda:N` or `mps`.

    Raises:
        ModelError: `model.device`.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, number = name.partition(":")
    if kind not in DEVICES[1:] or (number and not (kind == "cuda" and number.isdecimal())):
        raise ModelError("model.device", f"'{name}' is not a device.", f"Choose one of: {', '.join(DEVICES)}, cuda:N.")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ModelError(
            "model.device",
            "No NVIDIA GPU is available to PyTorch on this machine.",
            "Check the driver and that a CUDA build of PyTorch is installed, or choose the device 'cpu'.",
        )
    if kind == "cuda" and number and int(number) >= torch.cuda.device_count():
        raise ModelError(
            "model.device",
            f"There is no GPU number {number}: this machine has {torch.cuda.device_count()}, counted from 0.",
            "Choose another number or 'auto'.",
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ModelError(
            "model.device", "No Apple GPU is available to PyTorch on this machine.", "Choose the device 'cpu'."
        )
    return torch.device(name)


__all__ = [
    "ImportedWeights",
    "import_file",
    "load_matter",
    "load_model",
    "load_picture_trimap",
    "read_header",
    "save_model",
    "start_model",
    "verify_file",
    "weights_folder",
]

_HALVED = 4096  # numbers from which a tensor is large


def load_model(
    name_or_path: str | Path,
    *,
    device: str = "cpu",
    for_training: bool = False,
    exact: bool = False,
    folder: Path | None = None,
) -> MAM2:
    """Load a model.

    Args:
        name_or_path: `starter` (shipped), a key of `CONFIGS` whose weights are imported, with `:MATTER` behind it to
            choose a matter (`sam2.1-l:vitmatte-s`) and more to choose trimaps (see `find_files`), or the path of a
            `.safetensors` file.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        for_training: keep adapters beside the weights (fresh ones where they were merged), in training mode; otherwise
            they are merged, nothing asks for gradients and the model is in evaluation mode.
        exact: leave out what makes it quicker and cannot be saved again; see `engine.model.ready.make_ready`.
        folder: imported weights, instead of `weights_folder()`.

    Returns:
        The model; its weights are float32 where it is exact or for training.

    Raises:
        ModelError: `model.missing`, `model.unknown`, `model.corrupt`, `model.keys`, `model.config`,
            `model.version`, `model.unreadable` or `model.device`; says what to do.
    """
    target = pick_device(device)
    model = _assemble(find_files(str(name_or_path), folder or weights_folder()), merge=not for_training)
    if for_training:
        _adapt(model, CONFIGS[model.config.name].lora, seed=0)
        return model.to(target).train()
    model.to(target).requires_grad_(False).eval()
    if not exact:
        make_ready(model, target)
    return model


def load_matter(
    name_or_path: str | Path, *, device: str = "cpu", exact: bool = False, folder: Path | None = None
) -> Matter:
    """Load a model's matter alone, in evaluation mode; arguments and errors are those of `load_model`."""
    target = pick_device(device)
    path = find_files(str(name_or_path), folder or weights_folder()).matter
    return cast("Matter", _alone(path, "matter", target, exact=exact))


def load_picture_trimap(path: Path | None = None, *, device: str = "cpu", folder: Path | None = None) -> PictureTrimap:
    """Load the network that makes trimaps of pictures and any masks alone, in evaluation mode.

    Args:
        path: a weights file that has it; None for the one that a `sam2.1-*` would take.
        device: as for `load_model`.
        folder: imported weights, instead of `weights_folder()`.

    Raises:
        ModelError: as `load_model`; `model.missing` where there is none, `model.config` where that file has none.
    """
    target = pick_device(device)
    file = path or picture_trimap_file(folder or weights_folder())
    return cast("PictureTrimap", _alone(file, "trimap", target))


def start_model(name: str, *, matter: str = "", device: str = "cpu", seed: int = 0, folder: Path | None = None) -> MAM2:
    """Build a model as its training begins.

    `mam2-*` begin from imported SAM 2.1 and matter weights, the rest of MAM2 as designed; the `starter` from nothing.

    Args:
        name: a key of `CONFIGS`.
        matter: the imported matter to begin from; ViTMatte gives MEMatte all but its routers and refiners.
        device: as for `load_model`.
        seed: of what begins at random.
        folder: imported weights, instead of `weights_folder()`.

    Raises:
        ModelError: as for `load_model`.
    """
    target = pick_device(device)
    if name not in CONFIGS:
        raise ModelError("model.unknown", f"There is no model '{name}'.", f"Choose one of: {', '.join(CONFIGS)}.")
    config = CONFIGS[name]
    public = public_start(config.tracker)
    if public is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return MAM2(config).to(target).train()
    place = folder or weights_folder()
    published = matter or next((name for name in matters_here(place) if name in OFFICIAL), "mematte-s")
    files = replace(find_files(f"{public}:{published}:uncertainty", place), trimap=None)
    model = _assemble(files, seed=seed)
    _adapt(model, config.lora, seed=seed)
    if model.matter.config != config.matter:
        model.matter = _into(model.matter, config.matter, seed=seed)
    model.config = config
    return model.to(target).train()


def save_model(
    model: MAM2,
    path: Path,
    *,
    metadata: Mapping[str, str],
    parts: tuple[str, ...] = PARTS,
    half: bool = False,
) -> None:
    """Write a model, whole or not at all.

    Args:
        model: its config's name is a key of `CONFIGS`.
        path: `.safetensors`.
        metadata: facts to keep with it, as `source`, `source_sha256`, `licence`.
        parts: which of them, as far as the model has them.
        half: store large tensors in half precision; small ones cost nothing and stay as they are.

    Raises:
        ModelError: `model.config` for a config without a known name, `model.unwritable`.
        ValueError: a fact's name begins with `mam2.`, which is the format's own; numbers that half cannot hold; a model
            made ready to matte, which no longer has its own weights.
    """
    if is_ready(model):
        raise ValueError("a model made ready to matte cannot be saved: load it with exact=True")
    config = model.config
    if config.name not in CONFIGS:
        raise ModelError(
            "model.config", f"'{config.name}' is not the name of a model.", f"Choose one of: {', '.join(CONFIGS)}."
        )
    if any(key.startswith(RESERVED) for key in metadata):
        raise ValueError(f"facts must not begin with {RESERVED}")
    tensors = {key: tensor for key, tensor in model.state_dict().items() if key.partition(".")[0] in parts}
    adapters = lora_layers(model)
    contents = Contents(
        next(iter(TRIMAPS)) if parts == ("trimap",) else config.name,
        config.tracker if "tracker" in parts else None,
        config.lora if "tracker" in parts and adapters else None,
        config.trimap_from,
        config.matter if "matter" in parts else None,
        config.trimap if "trimap" in parts else None,
    )
    write_weights(path, contents, _halved(tensors) if half else tensors, metadata)


def _assemble(files: ModelFiles, *, seed: int = 0, merge: bool = False) -> MAM2:
    own, tensors = _read(files.tracker, *(part for part in PARTS if getattr(files, part) == files.tracker))
    if merge and own.lora is not None:
        tensors, own = merged(tensors, own.lora), replace(own, lora=None)
    others = [
        (file, *_read(file, part))
        for part, file in (("matter", files.matter), ("trimap", files.trimap))
        if file not in (None, files.tracker)
    ]
    contents = (own, *(held for _, held, _ in others))
    matter = next((held.matter for held in contents if held.matter), None)
    trimap = next((held.trimap for held in contents if held.trimap), None)
    if own.tracker is None or matter is None:
        raise ValueError(f"{files} hold no whole model")
    model = empty_model(MAM2Config(own.name, own.tracker, matter, files.trimap_from, own.lora, trimap))
    absent = check_fit(own, model, tensors, files.tracker.name)
    state = {**tensors, **_begin(model, absent, tensors, seed)}
    for file, held, given in others:
        check_fit(held, model, given, file.name)
        state |= given
    model.load_state_dict(state)
    return model


def _alone(file: Path, part: str, target: torch.device, *, exact: bool = False) -> nn.Module:
    """Load one part of a weights file, in evaluation mode."""
    contents, named = _read(file, part)
    if not contents.parts:
        raise ModelError("model.config", f"{file.name} holds no {part}.", "Choose a file that does.")
    parts = empty_parts(contents)
    check_fit(contents, parts, named, file.name)
    parts.load_state_dict(named)
    parts.to(target).requires_grad_(requires_grad=False).eval()
    if not exact:
        make_ready(parts, target)
    return parts[part]


def _read(file: Path, *parts: str) -> tuple[Contents, dict[str, Tensor]]:
    """Read some parts of a weights file."""
    held, tensors = read_weights(file)
    unwanted = tuple(f"{part}." for part in PARTS if part not in parts)
    return held.only(*parts), {key: tensor for key, tensor in tensors.items() if not key.startswith(unwanted)}


def _begin(model: MAM2, absent: set[str], tensors: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
    """Give MAM2's additions their first values: copies where designed, else as their modules initialise."""
    if not absent:
        return {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.tracker._build_sam_heads()  # noqa: SLF001 - anew, now with initial values
    fresh = model.state_dict()
    sources = {key: copied_from(key) for key in absent}
    return {key: fresh[key] if source is None else tensors[source] for key, source in sources.items()}


def _adapt(model: MAM2, lora: LoraSettings | None, *, seed: int) -> None:
    """Give the encoder adapters that change nothing yet, where it has none."""
    if lora is None or lora_layers(model):
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        add_lora(model.tracker.image_encoder, lora)
    model.config = replace(model.config, lora=lora)


def _into(matter: Matter, config: MatterConfig, *, seed: int) -> Matter:
    """Give a routed matter that begins from an unrouted one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        routed = Matter(config)
    state, _ = vitmatte_into_mematte(matter.state_dict(), routed.state_dict())
    contents = Contents(matter_name(config), matter=config)
    named = {f"matter.{key}": tensor for key, tensor in state.items()}
    check_fit(contents, nn.ModuleDict({"matter": routed}), named, matter_name(matter.config))
    routed.load_state_dict(state)
    return routed


def _halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    halved = {}
    for key, tensor in tensors.items():
        large = tensor.dtype == torch.float32 and tensor.numel() >= _HALVED
        if large and bool(tensor.abs().max() > torch.finfo(torch.float16).max):
            raise ValueError(f"{key} is too large for half precision")
        halved[key] = tensor.half() if large else tensor
    return halved
