"""Which device a model runs on."""

import torch

from engine.contract.errors import ModelError

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
