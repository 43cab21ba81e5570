"""What training learns from: a sample is one clip, some of its objects, and what their labels can teach.

Random draws of a step belong to samples, so that they do not depend on how many processes share it.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.datasets.layouts import Source

_MOST_OBJECTS = 64


@dataclass(frozen=True)
class Sample:
    """One clip stretched to the model's square.

    Attributes:
        plates_tchw: (T, 3, S, S) uint8, display-referred sRGB.
        alpha_nt1hw: (N, T, 1, S, S) uint8, visible alpha of each object; 0 or 255 where only a mask is known.
        source: what the labels are good for.
        number: its place in the data set, from which its random draws follow.
    """

    plates_tchw: Tensor
    alpha_nt1hw: Tensor
    source: Source = Source.PROCEDURAL
    number: int = 0


@dataclass(frozen=True)
class ClipBatch:
    """A batch of clips and the objects to be found in them.

    Two objects of one plate share its encoding, and tell that the prompt decides, not what catches the eye.

    Attributes:
        plates_btchw: (B, T, 3, S, S) uint8, display-referred sRGB.
        alpha_nt1hw: (N, T, 1, S, S) uint8, visible alpha of each object.
        clip_n: (N,) int64: the clip that each object is in.
        teaches_n3: (N, 3) bool: whether an object's labels teach masks, trimaps, alpha (see `Source`).
        chance_n: (N,) int64, a number of its own for every object of the data set.
    """

    plates_btchw: Tensor
    alpha_nt1hw: Tensor
    clip_n: Tensor
    teaches_n3: Tensor
    chance_n: Tensor

    def that_teach_alpha(self) -> "ClipBatch":
        """Give the same clips with only those objects whose exact alpha is known."""
        kept = self.teaches_n3[:, 2]
        parts = {name: getattr(self, name)[kept] for name in ("alpha_nt1hw", "clip_n", "teaches_n3", "chance_n")}
        return replace(self, **parts)

    def to(self, device: torch.device) -> "ClipBatch":
        """Give the same batch on another device."""
        moved = {name: getattr(self, name).to(device) for name in self.__dataclass_fields__}
        return replace(self, **moved)


def collate(samples: list[Sample]) -> ClipBatch:
    """Stack samples of as many frames into a batch."""
    counts = torch.tensor([len(sample.alpha_nt1hw) for sample in samples])
    teaches = torch.tensor(
        [[s.source.teaches_masks, s.source.teaches_trimaps, s.source.teaches_alpha] for s in samples]
    )
    return ClipBatch(
        torch.stack([sample.plates_tchw for sample in samples]),
        torch.cat([sample.alpha_nt1hw for sample in samples]),
        torch.repeat_interleave(counts),
        torch.repeat_interleave(teaches, counts, dim=0),
        torch.tensor([_MOST_OBJECTS * s.number + n for s in samples for n in range(len(s.alpha_nt1hw))]),
    )


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
