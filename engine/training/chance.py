"""Random draws of a training step that do not depend on how many processes share it."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Chance:
    """Where a step's draws come from.

    Attributes:
        shared: decisions for the whole batch: the same on every process.
        objects: draws of one object each, the same wherever the object is trained.
    """

    shared: torch.Generator
    objects: list[torch.Generator]

    def of_kept(self, kept_n: Tensor) -> "Chance":
        """Give the draws of some of the objects, (N,) bool."""
        return Chance(self.shared, [one for one, kept in zip(self.objects, kept_n.tolist(), strict=True) if kept])

    @classmethod
    def of(cls, seed: int, chance_n: Tensor) -> "Chance":
        """Begin the draws of a step.

        Args:
            seed: of the step.
            chance_n: (N,) int64, a number of its own for every object of the data set.
        """
        return cls(_generator(seed), [_generator(seed ^ number << 8) for number in chance_n.tolist()])


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed % (1 << 63))
