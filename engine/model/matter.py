"""The matter: plate and trimap into alpha.

Structure and numbers follow MEMatte (arXiv 2412.14018); with `routed=False` it is ViTMatte (arXiv 2305.15272).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.model.config import MEMATTE_S, MatterConfig
from engine.model.matter_backbone import MatterBackbone, ratio_loss
from engine.model.matter_decoder import MatterDecoder

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Matter", "MatterOutput", "ratio_loss"]

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class MatterOutput:
    """Alpha of a batch and how it came about.

    Attributes:
        alpha: B x 1 x H x W float32, 0..1, size of the plate.
        keeps: per router B x gh x gw, the tokens that attended globally; bool, or float of 0 and 1 with
            gradients while training. The grid is that of the padded plate.
        log_probs: per router B x gh x gw x 2 log-probabilities: keep, drop.
        features: B x dim x gh x gw output of the backbone.
    """

    alpha: Tensor
    keeps: tuple[Tensor, ...]
    log_probs: tuple[Tensor, ...]
    features: Tensor


class Matter(nn.Module):
    """Turns display-referred plates and their trimaps into alpha."""

    mean: Tensor  # of a plate's colours over ImageNet
    std: Tensor

    def __init__(self, config: MatterConfig = MEMATTE_S) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(3, 1, 1), persistent=False)
        self.config = config
        self.backbone = MatterBackbone(config)
        self.decoder = MatterDecoder(config)

    def forward(self, plate_b3hw: Tensor, trimap_b1hw: Tensor) -> Tensor:
        """Matte a batch of plates.

        Args:
            plate_b3hw: B x 3 x H x W, display-referred sRGB, RGB, 0..1.
            trimap_b1hw: B x 1 x H x W, 0 background, 0.5 unknown, 1 foreground.

        Returns:
            B x 1 x H x W float32 alpha, 0..1; known areas are not forced to the trimap's values.

        Raises:
            ValueError: plate and trimap do not fit together.
        """
        return self.forward_detailed(plate_b3hw, trimap_b1hw).alpha

    def forward_detailed(
        self,
        plate_b3hw: Tensor,
        trimap_b1hw: Tensor,
        *,
        chance: Sequence[torch.Generator] | None = None,
    ) -> MatterOutput:
        """Matte a batch of plates and tell what the routers did; arguments as for `forward`.

        In training, `chance` gives each sample a source of its own for the routers' draws.
        """
        height, width = plate_b3hw.shape[-2:]
        image = self.image_of(plate_b3hw, trimap_b1hw)
        out = self.backbone(image, self.config.max_tokens, chance)
        alpha = self.decoder(out.features, image)[..., :height, :width]
        return MatterOutput(alpha, out.keeps, out.log_probs, out.features)

    def image_of(self, plate_b3hw: Tensor, trimap_b1hw: Tensor) -> Tensor:
        """Give what the network sees, B x 4 x H' x W': the normalised plate and the plain trimap, padded.

        Raises:
            ValueError: plate and trimap do not fit together.
        """
        _check(plate_b3hw, trimap_b1hw)
        dtype = self.backbone.pos_embed.dtype
        normalised = (plate_b3hw.to(dtype) - self.mean) / self.std
        image = _pad(torch.cat([normalised, trimap_b1hw.to(dtype)], dim=1), 2 * self.config.patch)
        # A training step on a processor takes less than half the time with channels-last data.
        return image.contiguous(memory_format=torch.channels_last)


def _check(plate_b3hw: Tensor, trimap_b1hw: Tensor) -> None:
    if plate_b3hw.ndim != 4 or plate_b3hw.shape[1] != 3:
        raise ValueError(f"a plate is B x 3 x H x W, not {tuple(plate_b3hw.shape)}")
    wanted = (plate_b3hw.shape[0], 1, *plate_b3hw.shape[-2:])
    if trimap_b1hw.shape != wanted:
        raise ValueError(f"the trimap of this plate is {wanted}, not {tuple(trimap_b1hw.shape)}")


def _pad(image: Tensor, multiple: int) -> Tensor:
    """Zeros at the right and bottom up to the multiple.

    When one side needs padding the other grows too, by a whole multiple if it already fits: public weights
    were tuned and scored with that, and the token grid (hence the routing) depends on it.
    """
    height, width = image.shape[-2:]
    if height % multiple == 0 and width % multiple == 0:
        return image
    return F.pad(image, (0, multiple - width % multiple, 0, multiple - height % multiple))
