"""Between the host and a GPU without waiting: plates go up, and what was found comes down, beside what follows.

On a processor, and on GPUs other than CUDA's, everything is there at once.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def uploaded(tensor: Tensor, device: torch.device) -> Tensor:
    """Give a tensor of the host's on a device; a GPU copies it from memory that stays in place, when its turn comes."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def coming_down(tensors: Sequence[Tensor]) -> tuple[list[Tensor], Callable[[], None]]:
    """Begin to bring tensors to the host.

    Returns:
        Them on the host, and what waits until their values are there; any thread may call it. Types and the way they
        lie stay as they are.
    """
    device = next((tensor.device for tensor in tensors if tensor.device.type == "cuda"), None)
    if device is None:
        return [tensor.cpu() for tensor in tensors], _nothing
    found = [tensor.to("cpu", non_blocking=True) for tensor in tensors]
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record(torch.cuda.current_stream(device))
    return found, event.synchronize


def downloaded(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Bring tensors to the host and wait for them, once."""
    found, wait = coming_down(tensors)
    wait()
    return found


def _nothing() -> None:
    pass
