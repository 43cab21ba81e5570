"""What a benchmark is: clips whose alpha is known exactly, one at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class TrueClip:
    """One clip and its truth; frames are numbered from 0.

    Attributes:
        name: unique in its benchmark, fit for a folder's name.
        kind: of subject; what tables have a row for.
        held_out: no clip of this kind was trained on.
        plates_thwc: (T, H, W, 3) uint8, display-referred sRGB.
        alpha_thw: (T, H, W) uint8, visible alpha of the subject.
        foreground_thwc: (T, H, W, 3) uint8 sRGB, the subject's own colour where its alpha is above 0; None when the
            benchmark does not know it.
        distractor_thw: (T, H, W) uint8, visible alpha of what must not be taken; None where there is none.
        trimap_thw: (T, H, W) uint8, 0 background, 255 foreground, else unknown; None where none is published.
        first_mask_hw: (H, W) bool, the mask prompt for the first frame that is published; None where none is.
    """

    name: str
    kind: str
    held_out: bool
    plates_thwc: Pixels
    alpha_thw: Pixels
    foreground_thwc: Pixels | None = None
    distractor_thw: Pixels | None = None
    trimap_thw: Pixels | None = None
    first_mask_hw: NDArray[np.bool_] | None = None


class Benchmark(Protocol):
    """A named set of clips with truth, made or read one at a time."""

    @property
    def name(self) -> str:
        """What the command line calls it, with its version."""
        ...

    def __len__(self) -> int:
        """Give the number of clips."""
        ...

    @property
    def kinds(self) -> Sequence[str]:
        """Give the kind of every clip, in the order of `clips`, without making any."""
        ...

    def clip(self, number: int) -> TrueClip:
        """Make or read one clip, counted from 0."""
        ...

    def clips(self) -> Iterator[TrueClip]:
        """Give every clip, always in the same order."""
        ...
