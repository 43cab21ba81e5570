"""Taking weights in: a published or trained file becomes a checked weights file in the weights folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from engine.contract.errors import ModelError
from engine.model.config import CONFIGS
from engine.weights.catalogue import OFFICIAL, stored, weights_folder
from engine.weights.file import file_sha256, read_weights, tensors_sha256, write_weights
from engine.weights.header import MATTERS, RESERVED, Contents, read_header
from engine.weights.official_files import read_official
from engine.weights.structure import check_fit, empty_parts


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
