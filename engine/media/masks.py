"""Image files as mask prompts."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import PlateError, PromptError

from .half import to_float
from .images import finite, open_image, read_channels, to_display_window, windows
from .layers import Choice, Part, choose
from .source import Pixels

_REC709_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def read_mask(path: str | Path, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask prompt: True where the image says that the object is.

    Where `read_coverage` gives more than 0.5 is the object.

    Args:
        path: an image file.
        size: width and height of the plate; a mask of the same shape and another size is scaled to it.

    Returns:
        (H, W) bool, origin top-left.

    Raises:
        PromptError: `prompt.mask_unreadable`, `prompt.mask_size`, or `prompt.mask_empty` if nothing is above 0.5.
    """
    path = Path(path)
    try:
        amount_hw = read_coverage(path)
    except PlateError as problem:
        raise PromptError("prompt.mask_unreadable", f"The mask cannot be used: {problem.message}", problem.hint) from (
            problem
        )
    height, width = amount_hw.shape
    if (width, height) != size and _has_shape(width, height, size):
        amount_hw = cv2.resize(amount_hw, size, interpolation=cv2.INTER_LINEAR if width < size[0] else cv2.INTER_AREA)
    elif (width, height) != size:
        raise PromptError(
            "prompt.mask_size",
            f"The mask '{path.name}' is {width}x{height} pixels, but the plate is {size[0]}x{size[1]}.",
            "Make the mask in the shape of the plate: the same width to height.",
        )
    mask_hw: NDArray[np.bool_] = amount_hw > 0.5
    if not mask_hw.any():
        raise PromptError(
            "prompt.mask_empty",
            f"The mask '{path.name}' marks nothing: no pixel is above one half.",
            "Paint the object white, or put it into the alpha.",
        )
    return mask_hw


def _has_shape(width: int, height: int, size: tuple[int, int]) -> bool:
    """Tell whether a mask has the plate's shape, to within a pixel."""
    return abs(height - width * size[1] / size[0]) < 1 and abs(size[1] - size[0] * height / width) < 1


def read_coverage(path: Path) -> Pixels:
    """Read how much of each pixel an image says is covered: (H, W) float32 of the display window.

    The file's alpha decides if it has one that is not 1 everywhere (many painting programs save an opaque alpha
    beside a black and white picture), else its Rec.709 luma.

    Raises:
        PlateError: as `PlateSource.read`.
    """
    with open_image(path) as image:
        spec = image.spec()
        size, window = windows(spec)
        if spec.alpha_channel >= 0:
            stored = read_channels(image, path, Choice(0, (spec.alpha_channel,)))
            alpha = to_float(finite(to_display_window(stored, window, size)))
            only_alpha = spec.nchannels == 1
            if only_alpha or not (alpha >= 1).all():
                return alpha[..., 0]
        colour = choose([Part("", tuple(spec.channelnames))], None) or Choice(0, (0,))
        picture = to_float(finite(to_display_window(read_channels(image, path, colour), window, size)))
    return picture[..., 0] if picture.shape[2] == 1 else picture @ _REC709_LUMA
