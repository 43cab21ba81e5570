"""Holding mattes to the artist's masks: into the trimap what the matting model is to look at, onto alpha the rest.

Core and garbage bound what the model says, and leave the rest of the frame as it is, to the bit: a mask painted on one
frame must not make hair on its other side jump. They stand in the trimap that is given out. Strokes of unknown, and
trimaps of the artist's own, are what the model starts from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.contract.held import HeldMask

SOFT = 0.05
"""A mask between this and its complement does not know; as in the band of doubt, 1 in 20."""

Layer = NDArray[np.float32]
ReadHeld = Callable[[HeldMask, int, tuple[int, int]], Layer]
"""Mask, frame and the plate's width and height in, (H, W) float32 of 0..1 out."""


@dataclass(frozen=True)
class Held:
    """What one object is held to on one frame, in its order; each (1, 1, H, W) float32 of 0..1.

    Attributes:
        masks: kind, see `HeldMask`, and mask.
    """

    masks: Sequence[tuple[str, Tensor]] = ()

    @classmethod
    def read(cls, said: Sequence[HeldMask], frame: int, size_wh: tuple[int, int], read: ReadHeld | None) -> "Held":
        """Read an object's masks for a frame.

        Raises:
            PromptError: as `read`.
        """
        if said and read is None:
            raise ValueError("masks to hold are given, but nothing that reads them")
        return cls([(one.kind, torch.from_numpy(read(one, frame, size_wh))[None, None]) for one in said if read])

    def asked(self, trimap_11hw: Tensor) -> Tensor:
        """Give the trimap (1, 1, H, W) of 0, 0.5 and 1 that the matting model starts from."""
        for kind, mask in sorted(self.masks, key=lambda one: one[0] != "mask"):
            on_device = mask.to(trimap_11hw.device)
            if kind == "mask":
                trimap_11hw = trimap_11hw.masked_fill((on_device > SOFT) & (on_device < 1 - SOFT), 0.5)
            elif kind == "trimap":
                trimap_11hw = ((on_device >= 0.25).float() + (on_device > 0.75).float()) / 2
            elif kind == "unknown":
                trimap_11hw = trimap_11hw.masked_fill(on_device > 0.5, 0.5)
        return trimap_11hw

    def shown(self, trimap_11hw: Tensor) -> Tensor:
        """Give the trimap that is given out: with core and garbage in it where they are certain."""
        trimap_11hw = self.asked(trimap_11hw)
        for kind, mask in self.masks:
            if kind in {"core", "garbage"}:
                trimap_11hw = trimap_11hw.masked_fill(mask.to(trimap_11hw.device) >= 1, float(kind == "core"))
        return trimap_11hw

    def on_pixels(self, trimap_hw: Layer) -> Layer:
        """Give what `shown` does of a trimap (H, W)."""
        shown: Layer = self.shown(torch.from_numpy(trimap_hw)[None, None])[0, 0].numpy()
        return shown

    def clamped(self, alpha_11hw: Tensor) -> Tensor:
        """Give alpha (1, 1, H, W), at least core and at most what garbage leaves; where they contradict, the later."""
        for kind, mask in self.masks:
            if kind == "core":
                alpha_11hw = torch.maximum(alpha_11hw, mask.to(alpha_11hw))
            elif kind == "garbage":
                alpha_11hw = torch.minimum(alpha_11hw, 1 - mask.to(alpha_11hw))
        return alpha_11hw

    def core(self) -> Tensor | None:
        """Give how much of each pixel is surely the object, (1, 1, H, W); None where nothing says so."""
        core = None
        for kind, mask in self.masks:
            if kind == "core":
                core = mask if core is None else torch.maximum(core, mask)
            elif kind == "garbage" and core is not None:
                core = torch.minimum(core, 1 - mask)
        return core


NOTHING_HELD: Mapping[str, Held] = MappingProxyType({})


def share(alphas: list[Tensor]) -> list[Tensor]:
    """Scale the alphas of a frame's objects down, in place, where they sum to more than 1, so that they sum to 1."""
    if len(alphas) > 1:
        total = alphas[0].clone()
        for alpha in alphas[1:]:
            total += alpha
        total.clamp_(min=1.0)
        for alpha in alphas:
            alpha.div_(total)
    return alphas


def share_around(alphas: Sequence[Tensor], cores: Sequence[Tensor | None]) -> list[Tensor]:
    """Make the alphas of a frame's objects sum to at most 1, and let the cores have their share first.

    Args:
        alphas: (1, 1, H, W) of 0..1 each.
        cores: what of each is not to be taken from it.
    """
    if len(alphas) == 1 or all(core is None for core in cores):
        return share(list(alphas))
    total = sum(alphas[1:], start=alphas[0])
    shared = share([alpha.clone() for alpha in alphas])
    own = [torch.zeros_like(a) if c is None else torch.minimum(c.to(a), a) for a, c in zip(alphas, cores, strict=True)]
    sure = torch.stack(own).sum(0)
    own = [one / sure.clamp(min=1.0) for one in own]
    free = [torch.clamp(alpha - one, min=0) for alpha, one in zip(alphas, own, strict=True)]
    room = (1 - sure).clamp(min=0) / torch.stack(free).sum(0).clamp(min=1e-6)
    return [
        torch.where((sure > 0) & (total > 1), one + more * room.clamp(max=1), plain)
        for one, more, plain in zip(own, free, shared, strict=True)
    ]


def held_by_object(
    objects: Mapping[str, Sequence[HeldMask]], frame: int, size_wh: tuple[int, int], read: ReadHeld | None
) -> dict[str, Held]:
    """Read what objects are held to on a frame; those that nothing is said of are left out."""
    return {name: Held.read(said, frame, size_wh, read) for name, said in objects.items() if said}
