"""Files of masks that a matte is held to: core, garbage, places to look again, trimaps."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import PlateError, PromptError
from engine.contract.held import HeldMask

from .half import to_float
from .images import finite, open_image, read_channels, to_display_window, windows
from .layers import Choice, Part, choose
from .masks import REC709_LUMA, fitted, read_coverage


def read_held(held: HeldMask, frame: int, size: tuple[int, int]) -> NDArray[np.float32]:
    """Read a mask for a frame: (H, W) float32 of 0..1, origin top-left, inverted where it says so.

    Args:
        held: the mask.
        frame: of the shot.
        size: width and height of the plate; a mask of the same shape and another size is scaled to it.

    Raises:
        PromptError: `prompt.mask_unreadable` or `prompt.mask_size`.
    """
    path = Path(held.file(frame))
    try:
        amount = read_coverage(path) if held.layer is None else _read_layer(path, held.layer)
    except PlateError as problem:
        raise PromptError(
            "prompt.mask_unreadable",
            f"The {held.kind} mask for frame {frame} cannot be used: {problem.message}",
            problem.hint,
        ) from problem
    amount = fitted(amount, size, f"{held.kind} mask '{path.name}'")
    bounded: NDArray[np.float32] = np.fmin(np.fmax(amount, np.float32(0)), np.float32(1))
    return np.float32(1) - bounded if held.invert else np.ascontiguousarray(bounded)


def _read_layer(path: Path, layer: str) -> NDArray[np.float32]:
    """Read a channel of this name, or else a layer: its only channel, or its colours' luma."""
    with open_image(path) as image:
        spec = image.spec()
        size, window = windows(spec)
        names = tuple(spec.channelnames)
        choice = Choice(0, (names.index(layer),)) if layer in names else choose([Part("", names)], layer)
        if choice is None:
            raise PlateError(
                "plates.layer",
                f"'{path.name}' has no channel or layer called '{layer}'.",
                f"It has these channels: {', '.join(names)}.",
            )
        picture = to_float(finite(to_display_window(read_channels(image, path, choice), window, size)))
    return picture[..., 0] if picture.shape[2] == 1 else picture @ REC709_LUMA
