"""Training in several processes: each learns from its share of every batch, and all take the same step.

`torchrun --nproc-per-node N -m engine train ...` (or `accelerate launch`) starts them; a process started alone is a
crew of one. The model is called in many ways, not through one `forward`, so gradients are averaged here and no wrapper
stands around it. Batch norms see the batch of the whole crew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list, reduce
from torch import Tensor, nn
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


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Normalises by the statistics of a crew's whole batch; when not training, it is the norm that it was made of.

    Args:
        norm: whose parameters, statistics and activation, if it is one of timm's, it takes over as they are.
        crew: the processes that share a batch; all of them run every forward and backward pass.
    """

    def __init__(self, norm: nn.BatchNorm2d, crew: Crew) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum)
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var
        self.num_batches_tracked = norm.num_batches_tracked
        self.act: nn.Module = getattr(norm, "act", nn.Identity())
        self._crew = crew

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name of the class above
        """Normalise (B, C, H, W); B may differ from process to process."""
        return cast("Tensor", self.act(self._normalised(input)))

    def _normalised(self, input: Tensor) -> Tensor:  # noqa: A002
        if not self.training:
            return super().forward(input)
        values = input.float()
        pixels = values.new_tensor(values.numel() / values.shape[1])
        whole = self._crew.mean(pixels)
        mean = self._crew.mean(values.sum((0, 2, 3))) / whole
        centred = values - mean[:, None, None]
        variance = self._crew.mean(centred.square().sum((0, 2, 3))) / whole
        self._remember(mean.detach(), variance.detach(), whole * self._crew.size)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(input.dtype)

    def _remember(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        for running, now in ((self.running_mean, mean), (self.running_var, variance * count / (count - 1))):
            if running is not None and self.momentum is not None:
                running.lerp_(now, self.momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)


def share_norms(model: nn.Module, crew: Crew) -> None:
    """Let every batch norm of a model see the whole crew's batch; names and values of its tensors stay."""
    if crew.size == 1:
        return
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d) and not isinstance(child, SharedBatchNorm2d):
                setattr(parent, name, SharedBatchNorm2d(child, crew))
