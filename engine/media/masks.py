"""Image files as mask prompts, as masks that a matte is held to, and as mattes that others made."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import PlateError, PromptError
from engine.contract.held import HeldMask
from engine.contract.shot import MaskPrompt

from .half import to_float
from .image_header import orientation_of, upright, windows
from .images import finite, open_image, parts_of, read_channels, to_display_window
from .layers import Choice, Part, alpha_of, choose, is_data, listed, names, single_layers
from .source import Pixels

REC709_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_GREY = 8 / 255  # how far the channels of a black and white picture may be apart: a JPEG's rounding


def read_mask(path: str | Path, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask prompt: True where the image says that the object is.

    Where `read_coverage` gives more than 0.5 is the object.

    Args:
        path: an image file, or `FILE:LAYER` for one of its layers, parts or channels.
        size: width and height of the plate; a mask of the same shape and another size is scaled to it.

    Returns:
        (H, W) bool, origin top-left.

    Raises:
        PromptError: `prompt.mask_unreadable`, `prompt.mask_size`, or `prompt.mask_empty` if nothing is above 0.5.
    """
    whole = Path(path)
    prompt = MaskPrompt(0, str(path))
    path, layer = (whole, None) if whole.exists() else (Path(prompt.file), prompt.layer)
    try:
        amount_hw = read_coverage(path, layer)
    except PlateError as problem:
        raise PromptError("prompt.mask_unreadable", f"The mask cannot be used: {problem.message}", problem.hint) from (
            problem
        )
    mask_hw: NDArray[np.bool_] = fitted(amount_hw, size, f"mask '{path.name}'") > 0.5
    if not mask_hw.any():
        raise PromptError(
            "prompt.mask_empty",
            f"The mask '{path.name}' marks nothing: no pixel is above one half.",
            "Paint the object white, put it into the alpha, or name its layer: FILE:LAYER.",
        )
    return mask_hw


def fitted(amount_hw: Pixels, size: tuple[int, int], what: str) -> Pixels:
    """Give a mask (H, W) at the plate's size: one of the same shape is scaled.

    Args:
        amount_hw: 0..1.
        size: width and height of the plate.
        what: it is, for the message.

    Raises:
        PromptError: `prompt.mask_size`.
    """
    height, width = amount_hw.shape
    if (width, height) == size:
        return amount_hw
    if not _has_shape(width, height, size):
        raise PromptError(
            "prompt.mask_size",
            f"The {what} is {width}x{height} pixels, but the plate is {size[0]}x{size[1]}.",
            "Make the mask in the shape of the plate: the same width to height.",
        )
    way = cv2.INTER_LINEAR if width < size[0] else cv2.INTER_AREA
    return np.asarray(cv2.resize(amount_hw, size, interpolation=way), np.float32)


def _has_shape(width: int, height: int, size: tuple[int, int]) -> bool:
    """Tell whether a mask has the plate's shape, to within a pixel."""
    return abs(height - width * size[1] / size[0]) < 1 and abs(size[1] - size[0] * height / width) < 1


def read_coverage(path: Path, layer: str | None = None) -> Pixels:
    """Read how much of each pixel an image says is covered: (H, W) float32 of the display window, upright.

    With a layer: its only channel, else as below among its own channels. Without one, the first that says something:
    the alpha, unless it is 0 or 1 everywhere (many painting programs save an opaque alpha beside a black and white
    picture); the only layer of a single channel; a black and white picture's Rec.709 luma. The luma of a picture in
    colours is never taken for a mask.

    Raises:
        PlateError: as `PlateSource.read`; `plates.layer` if there is no such layer, or nothing says which to take.
    """
    with open_image(path) as image:
        parts = parts_of(image)
        picture = choose(parts, layer)
        if layer is not None:
            if picture is None:
                raise _unclear(path, parts, f"has no layer, part or channel called '{layer}'")
            if len(picture.channels) == 1:
                return _pixels(image, path, picture)[..., 0]
        alpha = alpha_of(parts, picture if layer is not None else None)
        found = None if alpha is None else _pixels(image, path, alpha)[..., 0]
        alone = sum(len(part.channels) for part in parts) == 1
        if found is not None and (alone or ((found > 0).any() and (found < 1).any())):
            return found
        singles = [
            one for one in single_layers(parts) if layer is None and not is_data(one.name) and not _same(one, alpha)
        ]
        if len(singles) == 1:
            return _pixels(image, path, singles[0])[..., 0]
        if picture is not None:
            colours = _pixels(image, path, picture)
            if colours.shape[2] == 1:
                return colours[..., 0]
            if not colours.size or np.ptp(colours, axis=2).max() <= _GREY:
                return colours @ REC709_LUMA
        if found is not None and not found.any():
            return found
    raise _unclear(path, parts, "does not say which of its channels is the mask")


def _pixels(image: Any, path: Path, choice: Choice) -> Pixels:
    stored = read_channels(image, path, choice)
    size, window = windows(image.spec())
    return to_float(finite(upright(to_display_window(stored, window, size), orientation_of(image))))


def _same(one: Choice, other: Choice | None) -> bool:
    return other is not None and (one.part, one.channels) == (other.part, other.channels)


def _unclear(path: Path, parts: tuple[Part, ...], what: str) -> PlateError:
    found = list(names(parts)) or [name for part in parts for name in part.channels]
    return PlateError(
        "plates.layer",
        f"'{path.name}' {what}.",
        f"Name it as FILE:LAYER; it has: {listed(found)}. Or give the object in the alpha, or white on black.",
    )


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
