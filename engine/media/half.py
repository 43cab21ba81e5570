"""Half floats to and from float32 by the processor's own instruction, which numpy leaves alone."""

import cv2
import numpy as np
from numpy.typing import NDArray


def to_half(values: NDArray[np.floating]) -> NDArray[np.float16]:
    """Round (H, W) or (H, W, C) float32, C at most 4, to the nearest half floats; those come back as they are."""
    if values.dtype == np.float16:
        return values
    halves: NDArray[np.float16] = cv2.add(values, 0, dtype=cv2.CV_16F).reshape(values.shape)
    return halves


def to_float(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Widen (H, W) or (H, W, C) half floats, C at most 4; float32 comes back as it is."""
    if values.dtype == np.float32:
        return values
    floats: NDArray[np.float32] = cv2.add(values, 0, dtype=cv2.CV_32F).reshape(values.shape)
    return floats
