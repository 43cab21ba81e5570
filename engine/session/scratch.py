"""Tensors in files: written whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save, save_file
from torch import Tensor

from engine.contract.errors import DISK_FULL, OutputError

_LAST = ":channels_last"  # after the name of a (B, C, H, W) tensor that lies, and is stored, as (B, H, W, C)


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> int:
    """Write tensors to a safetensors file, atomically; values, types, and channels that lie last are kept exactly.

    Returns:
        The file's size in bytes.

    Raises:
        OutputError: `output.full_disk`, or `output.scratch` if the folder cannot be written to.
    """
    lying = dict(_as_it_lies(name, tensor.cpu()) for name, tensor in tensors.items())
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        try:
            save_file(lying, part)
        except SafetensorError:  # tells what is wrong in prose only; the system tells it as it is
            part.write_bytes(save(lying))
        size = part.stat().st_size
        part.replace(path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        if problem.errno in DISK_FULL:
            raise OutputError(
                "output.full_disk",
                f"The disk of the engine's working files is full: '{part.parent}'.",
                "Make room on it, or choose another disk: MAM2_STORE for the engine, TMPDIR for mam2 matte.",
            ) from problem
        raise OutputError(
            "output.scratch",
            f"The engine cannot write its working files to '{path.parent}': {problem.strerror}.",
            "Check the folder, or choose another disk: MAM2_STORE for the engine, TMPDIR for mam2 matte.",
        ) from problem
    return size


def load_tensors(path: Path, *names: str) -> dict[str, Tensor]:
    """Read the named tensors of a file written by `save_tensors`; without names, all of them."""
    with safe_open(path, framework="pt") as file:
        stored = {key.removesuffix(_LAST): key for key in file.keys()}  # noqa: SIM118 - the file is no mapping
        return {name: _restored(stored[name], file.get_tensor(stored[name])) for name in names or stored}


def _as_it_lies(name: str, tensor: Tensor) -> tuple[str, Tensor]:
    """Turning channels around would take longer than writing them, and what computes with them wants them as before."""
    lies_last = tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    if lies_last and not tensor.is_contiguous():
        return name + _LAST, tensor.permute(0, 2, 3, 1)
    return name, tensor.contiguous()


def _restored(key: str, stored: Tensor) -> Tensor:
    return stored.permute(0, 3, 1, 2) if key.endswith(_LAST) else stored
