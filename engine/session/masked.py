"""Mask to matte: objects that come with a mask a frame, of any origin, and are not tracked.

A mask says what is meant. Its trimap is made of the plate and that mask as one that was tracked has it made: by the
decoder's second pass, which no memory enters, by the network that sees the picture, or as a band around its edge. So
a frame depends on its own plate and mask alone, and any machine can make any frame.
"""

from typing import Any

import torch
from torch import Tensor

from engine.contract.shot import Shot
from engine.model.mam2 import MAM2, uncertainty_band
from engine.model.tensors import Crop, Features
from engine.session import fit
from engine.session.held import ReadHeld
from engine.session.pipeline import Pipeline
from engine.session.record import Found
from engine.session.tracking import precision
from engine.session.trimap_from_picture import mask_logits, trimap_from_picture

_SURE = 5e-5  # of a mask's ends: their logits are those that SAM 2 gives to a mask of the artist's


class Masked:
    """Finds the objects of a shot that masks say; the others are not in it.

    Args:
        model: in evaluation mode, on its device.
        shot: as it is declared now.
        pipeline: gives plates (1, 3, H, W) and their features.
        read: how the masks are read from files.
    """

    def __init__(
        self, model: MAM2, shot: Shot, pipeline: Pipeline[Any, Tensor, Features], read: ReadHeld | None
    ) -> None:
        self._model, self._pipeline, self._read = model, pipeline, read
        self._device = next(model.parameters()).device
        self._size = (shot.width, shot.height)
        self._masks = {thing.name: thing.masks for thing in shot.objects if thing.masks}

    def __contains__(self, name: str) -> bool:
        return name in self._masks

    @torch.inference_mode()
    def found(self, name: str, frame: int) -> Found | None:
        """Give what an object's mask says on a frame, nothing where none holds there; None if it is to be tracked.

        Raises:
            PromptError: as `read`.
        """
        if name not in self._masks:
            return None
        said = [mask for mask in self._masks[name] if mask.on(frame)]
        if not said:
            return self._nothing()
        if self._read is None:
            raise ValueError("masks are given, but nothing that reads them")
        mask = torch.from_numpy(self._read(said[-1], frame, self._size))[None, None]
        inside = mask > 0.5
        if not inside.any():
            return self._nothing()
        with precision(self._model):
            trimap, covers = self._trimap(frame, mask_logits(inside).to(self._device))
        return Found(torch.logit(mask, _SURE).to(self._device), trimap.half(), covers)

    def _trimap(self, frame: int, logits_11hw: Tensor) -> tuple[Tensor, Crop | None]:
        model = self._model
        if model.config.trimap_from == "picture" and model.trimap is not None:
            return trimap_from_picture(model.trimap, self._pipeline.plate(frame), logits_11hw)
        coarse = fit.to_square(logits_11hw, model.image_size // 4)
        if model.config.trimap_from != "decoder":
            return uncertainty_band(coarse), None
        features = self._pipeline.features(frame).map(lambda tensor: tensor.to(self._device))
        return model.trimap_of_mask(features, coarse), None

    def _nothing(self) -> Found:
        background = torch.tensor([1.0, 0.0, 0.0], device=self._device).view(1, 3, 1, 1)
        return Found(torch.full((1, 1, 1, 1), -10.0, device=self._device), background.half())
