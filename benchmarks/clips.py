"""Footage that never ends: a disc that drifts over noise."""

import numpy as np
import numpy.typing as npt


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
