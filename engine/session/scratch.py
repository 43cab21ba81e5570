"""Tensors in files: written whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from engine.contract.errors import OutputError


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> int:
    """Write tensors to a safetensors file, atomically; values and types are kept exactly.

    Returns:
        The file's size in bytes.

    Raises:
        OutputError: the folder cannot be written to.
    """
    data = save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()})
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise OutputError(
            "output.scratch",
            f"The engine cannot write its working files to '{path.parent}': {problem.strerror}.",
            "Free some space there, or choose another folder for temporary files.",
        ) from problem
    return len(data)


def load_tensors(path: Path, *names: str) -> dict[str, Tensor]:
    """Read the named tensors of a file written by `save_tensors`; without names, all of them."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in names or file.keys()}
