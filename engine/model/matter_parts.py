"""The matter's detail decoder where it matters: a window's wide steps in parts, each over what the next one reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from torch import Tensor, nn
from torch.nn import functional

from engine.model.matter_doubling import FoldedFusion
from engine.model.regions import Crop, filled_beyond, tiles_over

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.model.matter_decoder import FusionBlock, MatterDecoder

__all__ = ["CONTEXT", "PartDecoder"]

CONTEXT = 32
"""How far the decoder sees, in pixels: what lies farther off changes no pixel."""
_PART_HW, _GPU_PART_HW = (128, 256), (512, 1024)
"""Pixels of what the two widest steps take at once; always as many, for oneDNN compiles for every size."""
_STRIDES = (8, 4, 2, 1)
_HALO = 2
"""What the steps give around a place, each in pixels of its own: from as much before it a step makes as much."""


_WIDE = 96
"""Channels of features from which Winograd's sums cost less than the products that they spare."""


class PartDecoder(nn.Module):
    """A decoder for places in a frame.

    Args:
        decoder: its norms are folded into its convolutions; its weights are shared where they stay as they are.
        winograd: whether steps of many channels spare products: on a processor, in float32.
    """

    def __init__(self, decoder: MatterDecoder, *, winograd: bool = False) -> None:
        super().__init__()
        self.convstream, self.head = decoder.convstream, decoder.matting_head
        self.steps = nn.ModuleList(
            FoldedFusion(step, winograd=winograd and step.feature_channels >= _WIDE)
            for step in cast("Iterable[FusionBlock]", decoder.fusion_blks)
        )

    def forward(self, features: Tensor, image_b4hw: Tensor, window: Crop, wanted_hw: Tensor) -> Tensor:
        """Decode some pixels of a window; equals decoding the frame at once there, up to rounding.

        Args:
            features: B x dim x H/16 x W/16.
            image_b4hw: B x 4 x H x W, normalised plate and trimap.
            window: within the frame, on multiples of 16 pixels.
            wanted_hw: its pixels that are wanted, bool.

        Returns:
            B x 1 x h x w float32 alpha of the window, 0..1; the trimap where nothing is wanted.
        """
        # Details and fusion may be in half precision while the step to alpha is not.
        half, whole = (next(part.parameters()).dtype for part in (self.convstream, self.head))
        details = self.convstream(image_b4hw.to(half))[::-1]
        alpha = image_b4hw[:, 3:][window.window].float().clone()
        frame = Crop(0, 0, image_b4hw.shape[-1], image_b4hw.shape[-2])
        near = _cut(features.to(half), window.shrunk(2 * _STRIDES[0]).grown(_HALO))
        for index in (0, 1):
            near = self._step(index, near, details[index], window, frame)
        for part in _parts_with(wanted_hw):
            found = near[part.shrunk(4).grown(_HALO).moved(_HALO, _HALO).window]
            place = part.moved(window.left, window.top)
            for index in (2, 3):
                found = self._step(index, found, details[index], place, frame)
            around = place.grown(_HALO)
            found = self.head(filled_beyond(found.to(whole), frame.moved(-around.left, -around.top)))
            alpha[part.window] = found[..., _HALO:-_HALO, _HALO:-_HALO].float().sigmoid()
        return alpha

    def _step(self, index: int, features: Tensor, detail: Tensor, place: Crop, frame: Crop) -> Tensor:
        """Give what a step makes of a place and its halo, from as much before it."""
        around = place.shrunk(_STRIDES[index]).grown(_HALO)
        there = frame.shrunk(_STRIDES[index]).moved(-around.left, -around.top)
        return cast("Tensor", self.steps[index](features, _cut(detail, around.grown(1)), there))


def _parts_with(wanted_hw: Tensor) -> list[Crop]:
    """Give parts of a window (H, W) bool, on multiples of 4, that hold every wanted pixel and little else."""
    frame = Crop(0, 0, wanted_hw.shape[1], wanted_hw.shape[0])
    size = _PART_HW if wanted_hw.device.type == "cpu" else _GPU_PART_HW
    return [tile.shifted_into(frame) for tile in tiles_over(wanted_hw, *size, grid=4)]


def _cut(picture: Tensor, seen: Crop) -> Tensor:
    """Give a rectangle of a picture, with zeros beyond its edges."""
    held = seen.cut_to(Crop(0, 0, picture.shape[-1], picture.shape[-2]))
    around = (held.left - seen.left, seen.right - held.right, held.top - seen.top, seen.bottom - held.bottom)
    return functional.pad(picture[held.window], around) if any(around) else picture[held.window]
