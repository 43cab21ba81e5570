"""Reading and writing the tensors of a weights file; see `header` for what is written before them."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.contract.errors import ModelError
from engine.contract.files import replace_synced
from engine.weights.header import Contents, read_header


def write_weights(path: Path, contents: Contents, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a weights file, whole or not at all.

    Args:
        path: ends in `.safetensors`; its folder is made when it is not there.
        contents: what the file holds.
        tensors: by their names in `MAM2`.
        metadata: any more facts, as `source` or `licence`; names that begin with `mam2.` are the format's own.

    Raises:
        ModelError: `model.unwritable`.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {**metadata, **contents.to_header(), "mam2.sha256": tensors_sha256(plain)}
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(plain, partial, metadata=header)
        replace_synced(partial, path)
    except (OSError, SafetensorError) as error:
        raise ModelError(
            "model.unwritable", f"{path} cannot be written: {error}.", "Check the folder's permissions and free space."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def read_weights(path: Path) -> tuple[Contents, dict[str, Tensor]]:
    """Give what a weights file holds and its tensors, on the CPU.

    Raises:
        ModelError: as `read_header` and `Contents.from_header`.
    """
    contents = Contents.from_header(read_header(path), path.name)
    try:
        return contents, load_file(path, device="cpu")
    except (SafetensorError, OSError) as error:
        raise ModelError(
            "model.corrupt", f"The weights in {path.name} are damaged: {error}.", "Copy or import the file again."
        ) from error


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """Give the SHA-256 of names, types, shapes and values, independent of order and device."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """Give the SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
