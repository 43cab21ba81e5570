"""The models that benchmarks run: the starter as shipped, and the larger ones with seeded weights and true trimaps.

Seeded weights cost what trained ones cost, but what they answer means nothing. Their trimap branch is computed and its
answer replaced by the drawn clip's true trimap, so that the matter has the work that a trained model would give it.
"""

from dataclasses import replace
from itertools import count

import numpy as np
import numpy.typing as npt
import torch
from lively import see_always
from torch import Tensor
from torch.nn import functional as F

from engine.model.config import CONFIGS
from engine.model.mam2 import MAM2
from engine.model.ready.make_ready import make_ready
from engine.model.tensors import Features, Mask
from engine.training.losses import trimap_target
from engine.weights.models import load_model

SHIPPED = "starter"
_CERTAIN = 16.0


def subject(name: str, device: str = "cpu") -> MAM2:
    """Give a model ready to matte, without a download: the starter, or another key of `CONFIGS` with seeded weights."""
    if name == SHIPPED:
        return load_model(name, device=device)
    torch.manual_seed(0)
    model = MAM2(replace(CONFIGS[name], trimap_from="decoder")).requires_grad_(False).eval().to(device)
    see_always(model)
    make_ready(model, torch.device(device))
    return model


class TrueTrimaps:
    """Answers a seeded model's trimap branch with the shot's true trimaps; a forward track, one object after another.

    Args:
        model: its `decode_trimap` is wrapped, for good; the starter's is left alone.
        alphas_thw: (T, h, w) float32 0..1, the exact alpha of every frame, from the first on.
        objects: how many share each frame.
    """

    def __init__(self, model: MAM2, alphas_thw: npt.NDArray[np.float32], objects: int = 1) -> None:
        self._alphas, self._objects = alphas_thw, objects
        self._calls = count()
        if model.config.name != SHIPPED:
            self._decode, self._side = model.decode_trimap, model.image_size
            model.decode_trimap = self._answer  # type: ignore[method-assign]

    def restart(self, at: int = 0, objects: int | None = None) -> None:
        """Begin at the first frame again, or at another, counted from 0; with so many objects, if they are others."""
        self._objects = objects or self._objects
        self._calls = count(at * self._objects)

    def _answer(self, features: Features, image_bchw: Tensor, mask: Mask) -> Tensor:
        shape = self._decode(features, image_bchw, mask).shape
        alpha = torch.from_numpy(self._alphas[next(self._calls) // self._objects])[None, None]
        square = F.interpolate(alpha, size=(self._side, self._side), mode="bilinear", align_corners=False)
        classes = F.one_hot(trimap_target(square, stride=self._side // shape[-1]), 3).movedim(-1, 1)
        return (classes.to(image_bchw.device).float() * 2 - 1) * _CERTAIN
