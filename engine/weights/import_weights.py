"""Taking weights in: a published or trained file, read without running code from it, becomes a checked weights file."""

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.contract.errors import ModelError
from engine.model.config import CONFIGS
from engine.weights.catalogue import OFFICIAL, stored, weights_folder
from engine.weights.file import file_sha256, read_weights, tensors_sha256, write_weights
from engine.weights.header import MATTERS, RESERVED, Contents, read_header
from engine.weights.keys import from_mematte, from_vitmatte_hf, is_before_2_1, sam2_size, sam2_state
from engine.weights.structure import check_fit, empty_parts

_KNOWN = "SAM 2.1 (.pt), MEMatte (.pth), ViTMatte (.pth or model.safetensors)"
_AGAIN = "Get the official file again: what is there is not whole."


@dataclass(frozen=True)
class OfficialWeights:
    """Weights out of a published file: a key of `OFFICIAL`, `tracker` or `matter`, and tensors by our names."""

    name: str
    part: str
    tensors: dict[str, Tensor]


def read_official(path: Path) -> OfficialWeights:
    """Read a published file and recognise by its tensors what it holds.

    Raises:
        ModelError: `model.corrupt` when it is damaged, `model.unsafe` when reading it would run code,
            `model.unknown` when it is no weights file that we know.
    """
    return recognise(_read(path), path.name)


def recognise(state: Mapping[str, Any], file: str) -> OfficialWeights:
    """Give the weights in a published state.

    Args:
        state: what the file holds: tensors by name, or these under "model".
        file: its name, for the errors.
    """
    sam2 = sam2_state(state)
    if sam2 is not None:
        size = sam2_size(sam2)
        if size and is_before_2_1(sam2):
            official = OFFICIAL[size].file
            raise ModelError("model.unknown", f"{file} is the first SAM 2, not SAM 2.1.", f"Get {official} instead.")
        return _checked(size, "tracker", sam2, file)
    if any(key.startswith("vision_encoder.") for key in state):
        raise ModelError(
            "model.unknown",
            f"{file} is SAM 2.1 as the transformers library names it, which is not read.",
            "The same page has the official .pt file: get that one.",
        )
    matter = from_vitmatte_hf(state) if _is_hf(state) else from_mematte(state)
    return _checked(_matter_size(matter), "matter", matter, file)


def _is_hf(state: Mapping[str, Any]) -> bool:
    return any(key.startswith("backbone.embeddings.") for key in state)


def _matter_size(state: Mapping[str, Any]) -> str | None:
    positions = state.get("backbone.pos_embed")
    if not isinstance(positions, Tensor):
        return None
    routed = any(key.startswith("backbone.routers.") for key in state)
    for name, config in MATTERS.items():
        if name in OFFICIAL and (config.dim, config.routed) == (positions.shape[-1], routed):
            return name
    return None


def _checked(name: str | None, part: str, state: Mapping[str, Any], file: str) -> OfficialWeights:
    if name is None:
        raise ModelError("model.unknown", f"{file} holds no weights of a network known here.", f"Known: {_KNOWN}.")
    for key, value in state.items():
        if not isinstance(value, Tensor):
            raise ModelError("model.corrupt", f"{key} in {file} is no tensor.", _AGAIN)
        if not bool(torch.isfinite(value).all()):
            raise ModelError("model.corrupt", f"{key} in {file} holds numbers that are not finite.", _AGAIN)
    return OfficialWeights(name, part, dict(state))


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise ModelError("model.missing", f"There is no file {path}.", "Check the path.")
    try:
        with path.open("rb") as file:
            start = file.read(64)
        state = _load(path, start)
    except OSError as error:
        raise ModelError("model.unreadable", f"{path} cannot be read: {error}.", "Check its permissions.") from error
    if not isinstance(state, Mapping):
        raise ModelError(
            "model.unknown", f"{path.name} holds a {type(state).__name__} instead of weights.", f"Known: {_KNOWN}."
        )
    return {str(key): value for key, value in state.items()}


def _load(path: Path, start: bytes) -> Any:
    if not start:
        raise ModelError("model.corrupt", f"{path.name} is empty.", _AGAIN)
    if start.startswith(b"PK"):
        return _load_archive(path)
    if start.startswith(b"\x80"):
        return _load_pickle(path, mmap=False)
    if start[8:9] == b"{":
        try:
            return load_file(path, device="cpu")
        except SafetensorError as error:
            raise ModelError("model.corrupt", f"{path.name} is damaged: {error}.", _AGAIN) from error
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"version https://git-lfs")):
        raise ModelError(
            "model.unknown",
            f"{path.name} is a web page or a placeholder, not weights: the download stopped at a question.",
            "Open the publisher's page in a browser and get the file itself.",
        )
    raise ModelError("model.unknown", f"{path.name} is no weights file.", f"Known: {_KNOWN}.")


def _load_archive(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ModelError("model.corrupt", f"{path.name} is cut short or damaged.", _AGAIN) from error
    if damaged:
        raise ModelError("model.corrupt", f"{path.name} is damaged (in {damaged}).", _AGAIN)
    return _load_pickle(path, mmap=True)


def _load_pickle(path: Path, *, mmap: bool) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        # An archive's checksums were right, so it is no accident; older files have none.
        reason = "reading it would run code from the file" if mmap else "it is damaged, or reading it would run code"
        raise ModelError(
            "model.unsafe",
            f"{path.name} is refused: {reason}{_asked_for(path)}.",
            "Get the official file, or have someone who trusts this one save its tensors as safetensors.",
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, AttributeError, TypeError, IndexError) as error:
        raise ModelError(
            "model.unknown", f"{path.name} does not hold plain weights, or is damaged.", f"Known: {_KNOWN}."
        ) from error


def _asked_for(path: Path) -> str:
    """Name what a refused file asks for, as far as it can be told without running anything."""
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except (AttributeError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError):
        return ""
    return f" (it asks for {', '.join(names)})" if names else ""


@dataclass(frozen=True)
class ImportedWeights:
    """What an import gave.

    Attributes:
        name: what the weights are called here.
        part: `tracker`, `matter` or `model`.
        path: the file in the weights folder.
        parameters: learned numbers in it.
        licence: of the weights, as far as it is known.
    """

    name: str
    part: str
    path: Path
    parameters: int
    licence: str


def import_file(path: Path, *, folder: Path | None = None) -> ImportedWeights:
    """Check a weights file and store it under its model's name; what was there before is replaced.

    Args:
        path: SAM 2.1 `.pt`, MEMatte or ViTMatte `.pth`, ViTMatte `model.safetensors`, or what `save_model` wrote.
        folder: instead of `weights_folder()`.

    Raises:
        ModelError: as `read_official` and `read_weights`; `model.keys` when the tensors do not fill the network.
    """
    folder = folder or weights_folder()
    try:
        header = read_header(path)
    except ModelError as error:
        if error.code != "model.unknown":
            raise
        return _import_official(path, folder)
    return _import_own(path, header, folder)


def verify_file(path: Path) -> tuple[Contents, dict[str, Tensor]]:
    """Read a weights file and check everything about it: header, network, every number.

    Raises:
        ModelError: as `read_weights`; `model.keys`; `model.corrupt` when the numbers are not those once written.
    """
    contents, tensors = read_weights(path)
    check_fit(contents, empty_parts(contents), tensors, path.name)
    if tensors_sha256(tensors) != read_header(path).get("mam2.sha256"):
        raise ModelError(
            "model.corrupt",
            f"The numbers in {path.name} are not those that were written to it.",
            "Import or copy the file again, and check the disk.",
        )
    return contents, tensors


def _import_official(path: Path, folder: Path) -> ImportedWeights:
    weights = read_official(path)
    official = OFFICIAL[weights.name]
    if weights.part == "tracker":
        contents = Contents(weights.name, tracker=CONFIGS[weights.name].tracker, trimap_from="uncertainty")
    else:
        contents = Contents(weights.name, matter=MATTERS[weights.name])
    tensors = {f"{weights.part}.{key}": tensor for key, tensor in weights.tensors.items()}
    structure = empty_parts(contents)
    check_fit(contents, structure, tensors, path.name)
    facts = {
        "source": f"{official.publisher} {path.name}",
        "source_sha256": file_sha256(path),
        "licence": official.licence,
    }
    target = stored(weights.name, folder)
    write_weights(target, contents, tensors, facts)
    return ImportedWeights(weights.name, weights.part, target, _learned(structure, tensors), official.licence)


def _import_own(path: Path, header: dict[str, str], folder: Path) -> ImportedWeights:
    contents, tensors = verify_file(path)
    if contents.name == "starter":
        raise ModelError(
            "model.config",
            f"{path.name} is a starter, and mam2 ships with one that keeps this name.",
            "Use the file by its path: --model FILE.",
        )
    target = stored(contents.name, folder)
    facts = {key: value for key, value in header.items() if not key.startswith(RESERVED)}
    if not (target.exists() and target.samefile(path)):
        write_weights(target, contents, tensors, facts)
    licence = facts.get("licence", "that of whoever trained it")
    return ImportedWeights(contents.name, contents.part, target, _learned(empty_parts(contents), tensors), licence)


def _learned(structure: nn.Module, tensors: Mapping[str, Tensor]) -> int:
    """Count parameters; the running statistics and fixed positions beside them do not count."""
    return sum(parameter.numel() for name, parameter in structure.named_parameters() if name in tensors)
