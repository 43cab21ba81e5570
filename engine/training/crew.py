"""Training in several processes: each learns from its share of every batch, and all take the same step.

`torchrun --nproc-per-node N -m engine train ...` starts them; a process started alone is a crew of one.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Crew:
    """This process's place among those that train together.

    Attributes:
        rank: its number, from 0.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes the files and speaks for all."""
        return self.rank == 0

    def average(self, gradients: Iterable[Tensor]) -> None:
        """Replace gradients, in place, by their mean over the crew; all give the same tensors in the same order."""
        if self.size == 1:
            return
        tensors = list(gradients)
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.size
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def agree(self, *, wanted: bool) -> bool:
        """Give what the leading process wants; everybody waits until all have asked."""
        if self.size == 1:
            return wanted
        said = [wanted]
        distributed.broadcast_object_list(said, src=0)
        return said[0]


def join(device: torch.device) -> Crew:
    """Join the processes that `torchrun` started with this one.

    Args:
        device: what trains.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Crew()
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Crew(distributed.get_rank(), size)
