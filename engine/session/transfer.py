"""Between the host and a device without waiting: plates go up, what was found comes down; where the matter works.

On a processor, and on GPUs other than CUDA's, everything is there at once.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from engine.model.mam2 import MAM2


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


class OnHost(nn.Module):
    """A matter that computes on the CPU whatever device its inputs are on, and answers there.

    Attributes:
        matter: the network.
    """

    def __init__(self, matter: nn.Module) -> None:
        super().__init__()
        self.matter = matter.cpu()

    def forward(self, plate_13hw: Tensor, trimap_11hw: Tensor) -> Tensor:
        """Give alpha (1, 1, H, W) for a plate (1, 3, H, W) and its trimap (1, 1, H, W)."""
        alpha: Tensor = self.matter(plate_13hw.cpu(), trimap_11hw.cpu())
        return alpha.to(plate_13hw.device)


def place_matter(model: MAM2, *, on_host: bool) -> None:
    """Move a model's matter off its device, or back beside its tracker; nothing happens where it is there already."""
    matter = model.get_submodule("matter")
    if on_host and not isinstance(matter, OnHost):
        model.add_module("matter", OnHost(matter))
    elif isinstance(matter, OnHost) and not on_host:
        model.add_module("matter", matter.matter.to(next(model.tracker.parameters()).device))
