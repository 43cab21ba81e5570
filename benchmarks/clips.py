"""What the session's benchmarks run on: the starter with seeded weights, and a disc that drifts over noise."""

import numpy as np
import numpy.typing as npt
import torch

from engine.model.config import CONFIGS
from engine.model.mam2 import MAM2


class DriftingDisc:
    """Plates made on demand from their number, (H, W, 3) display-referred sRGB in 0..1."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)

    def display(self, frame: int) -> npt.NDArray[np.float32]:
        """Give one plate."""
        width, height = self.size
        y, x = np.mgrid[:height, :width].astype(np.float32) + 0.5
        centre = width * (0.5 + 0.2 * np.sin(frame / 40))
        disc = np.clip(height / 4 - np.hypot(x - centre, y - height / 2) + 0.5, 0, 1)
        noise = np.random.default_rng(frame).random((height, width, 3), np.float32)
        return np.asarray(0.3 * noise + 0.6 * disc[..., None], np.float32)


def seeded_starter() -> MAM2:
    """Build the starter with seeded weights; the object counts as seen, so that every frame has work for the matter."""
    torch.manual_seed(0)
    model = MAM2(CONFIGS["starter"])
    with torch.no_grad():
        model.tracker.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.add_(4.0)
    return model.eval()
