"""What this machine computes on, told without torch: a list of models must not wait for it."""

import platform
import sys
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Hardware:
    """One device.

    Attributes:
        device: `cuda:0`, `mps` or `cpu`.
        label: the hardware's own name; empty where nobody knows it.
        memory: bytes of a GPU's memory; 0 for the rest, which share the machine's.
    """

    device: str
    label: str = ""
    memory: int = 0

    def __str__(self) -> str:
        """Name it for a person."""
        facts = [self.label, f"{self.memory / 1e9:.0f} GB" if self.memory else ""]
        told = ", ".join(fact for fact in facts if fact)
        return f"{self.device} ({told})" if told else self.device


def find_hardware(device: str = "auto") -> Hardware:
    """Give what a device's name stands for here: `auto` is CUDA, else Apple's GPU, else the CPU.

    Args:
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; several with commas between them: the first counts.
    """
    name = device.partition(",")[0].strip()
    if name == "auto":
        apple = Hardware("mps") if (sys.platform, platform.machine()) == ("darwin", "arm64") else Hardware("cpu")
        return _gpu(0) or apple
    kind, _, number = name.partition(":")
    if kind == "cuda":
        index = int(number) if number.isdecimal() else 0
        return _gpu(index) or Hardware(f"cuda:{index}")
    return Hardware(kind)


def _gpu(index: int) -> Hardware | None:
    with suppress(Exception):  # the driver's library tells its own errors, and may not be there
        import pynvml  # noqa: PLC0415

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        label = pynvml.nvmlDeviceGetName(handle)
        memory = int(pynvml.nvmlDeviceGetMemoryInfo(handle).total)
        return Hardware(f"cuda:{index}", label.decode() if isinstance(label, bytes) else str(label), memory)
    return None
