"""Training in several processes: each learns from its share of every batch, and all take the same step.

`torchrun --nproc-per-node N -m engine train ...` (or `accelerate launch`) starts them; a process started alone is a
crew of one. The model is called in many ways, not through one `forward`, so gradients are averaged here and no wrapper
stands around it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list, reduce
from torch import Tensor
from torch.distributed.nn.functional import all_reduce


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
        mean = reduce(torch.cat([tensor.flatten() for tensor in tensors]), "mean")
        for tensor, part in zip(tensors, mean.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def mean(self, own: Tensor) -> Tensor:
        """Give the mean of a tensor over the crew; gradients find their way back to every process's own."""
        return own if self.size == 1 else all_reduce(own) / self.size

    def agree(self, *, wanted: bool) -> bool:
        """Give what the leading process wants; everybody waits until all have asked."""
        if self.size == 1:
            return wanted
        return bool(broadcast_object_list([wanted])[0])


def join(device: torch.device) -> Crew:
    """Join the processes that were started with this one.

    Args:
        device: what trains.
    """
    state = PartialState(cpu=device.type == "cpu")
    return Crew(state.process_index, state.num_processes)
