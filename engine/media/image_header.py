"""What an image file says besides its pixels: windows, orientation, encoding, and tags that a matte passes on.

A source gives them as a mapping: `pixel_aspect`, width of a pixel over its height; `timecode`, two words as SMPTE
12M-1 packs them for 60 fields (binary-coded digits and flags; user bits), which is how EXR and DPX hold them; and
`chromaticities`, eight numbers. A matte's values are data whatever the chromaticities; hosts compare those of images.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR

from .image_errors import CHANNELS_AT_MOST, unsupported
from .layers import Choice, Part
from .source import Stored, Window

Tags = Mapping[str, Any]
TimeCode = tuple[int, int]

_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")
_DROP = 1 << 6
_MOST_FRAMES = 60  # a second, that a time code can tell apart
_DIGITS = ((24, 0x3), (16, 0x7), (8, 0x7), (0, 0x3))  # place of each number, mask of its tens


def exr_attributes(tags: Tags) -> dict[str, Any]:
    """Give tags as the attributes of an EXR's header."""
    found: dict[str, Any] = {}
    if "pixel_aspect" in tags:
        found["pixelAspectRatio"] = float(tags["pixel_aspect"])
    code = _exr_time_code(tags["timecode"]) if "timecode" in tags else None
    if code is not None:
        found["timeCode"] = code
    if "chromaticities" in tags:
        found["chromaticities"] = tuple(tags["chromaticities"])
    return found


def time_code(begin: str, rate: Fraction, frames: int) -> TimeCode | None:
    """Give the time code of a frame of a movie.

    Args:
        begin: of the first frame, `HH:MM:SS:FF`; with `;` before the frame it drops numbers, as at 29.97 a second.
        rate: frames a second.
        frames: how many frames later.

    Returns:
        None if `begin` is no time code, or the rate none that has any.
    """
    match = _CLOCK.fullmatch(begin)
    second = round(rate)
    if match is None or not 1 <= second <= _MOST_FRAMES:
        return None
    hours, minutes, seconds, at = (int(match[place]) for place in (1, 2, 3, 5))
    drop = match[4] != ":" and second % 30 == 0
    skipped = second // 15 if drop else 0
    minute = 60 * second - skipped
    ten = 10 * minute + skipped
    whole_minutes = 60 * hours + minutes
    number = whole_minutes * 60 * second + seconds * second + at - skipped * (whole_minutes - whole_minutes // 10)
    number = (number + frames) % (24 * 6 * ten)
    tens, rest = divmod(number, ten)
    # The first minute of ten drops nothing.
    ones, rest = (0, rest) if rest < 60 * second else divmod(rest - skipped, minute)
    rest += skipped if ones else 0
    clock = (tens // 6, tens % 6 * 10 + ones, rest // second, rest % second)
    packed = sum((value // 10 << 4 | value % 10) << place for value, (place, _) in zip(clock, _DIGITS, strict=True))
    return packed | (_DROP if drop else 0), 0


def _exr_time_code(code: TimeCode) -> Any:
    word, user = code
    clock = [(word >> place + 4 & mask) * 10 + (word >> place & 0xF) for place, mask in _DIGITS]
    digits = [word >> place & 0xF for place, _ in _DIGITS]
    if max(digits) > 9 or any(value >= most for value, most in zip(clock, (24, 60, 60, _MOST_FRAMES), strict=True)):
        return None  # not set, or no time of day
    flags = [word >> place & 1 for place in (6, 7, 15, 23, 30, 31)]
    return OpenEXR.TimeCode(*clock, *flags, *(user >> 4 * nibble & 0xF for nibble in range(8)))


_LOG_TRANSFERS = ("Printing density", "Logarithmic")
_CIE_LAB, _ICC_LAB = 8, 9
_UPRIGHT, _MOST_ORIENTATIONS, _FIRST_TRANSPOSED = 1, 8, 5
_SIDE_AT_MOST = 65536


@dataclass(frozen=True)
class ImageHeader:
    """What is known of an image before its pixels are read; size, window and pixel aspect are as in `Plate`.

    Attributes:
        orientation: 1 to 8 as in EXIF: how the stored rows become the picture that viewers show.
        stored_size, stored_window: size and data window of the rows as they are stored.
        tags: what a matte of this plate should say too, see `engine.media.image_header`.
        parts: all that the file holds.
    """

    size: tuple[int, int]
    data_window: Window
    pixel_aspect: float
    encoding: str
    choice: Choice
    orientation: int
    stored_size: tuple[int, int]
    stored_window: Window
    tags: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()


def header_of(image: Any, path: Path, choice: Choice, parts: tuple[Part, ...]) -> ImageHeader:
    """Read the header of an open image's part that holds the chosen picture.

    Raises:
        PlateError: `plates.unreadable`.
    """
    image.seek_subimage(choice.part, 0)
    spec = image.spec()
    refuse_kinds(spec, path)
    size, window = windows(spec)
    turned = orientation_of(image)
    aspect = float(spec.get_float_attribute("PixelAspectRatio", 1.0))
    aspect = aspect if aspect > 0 and math.isfinite(aspect) else 1.0
    swapped = turned >= _FIRST_TRANSPOSED
    return ImageHeader(
        size=size[::-1] if swapped else size,
        data_window=_turned_window(window, size, turned),
        pixel_aspect=1 / aspect if swapped else aspect,
        encoding=encoding_of(image, spec),
        choice=choice,
        orientation=turned,
        stored_size=size,
        stored_window=window,
        tags=_tags(spec),
        parts=parts,
    )


def refuse_kinds(spec: Any, path: Path) -> None:
    """Refuse what would be read as a picture and is none.

    Raises:
        PlateError: `plates.unreadable`.
    """
    if spec.deep:
        raise unsupported(path, "it holds deep data, which has no single colour per pixel", "Flatten it first.")
    if spec.get_int_attribute("tiff:PhotometricInterpretation", 0) in (_CIE_LAB, _ICC_LAB):
        raise unsupported(path, "its colours are CIE Lab", "Save it as RGB first.")
    width, height = max(spec.width, spec.full_width), max(spec.height, spec.full_height)
    if max(width, height) > _SIDE_AT_MOST:
        raise unsupported(path, f"it says that it is {width}x{height} pixels", f"Give {_SIDE_AT_MOST} a side at most.")
    if spec.nchannels > CHANNELS_AT_MOST:
        raise unsupported(path, f"it has {spec.nchannels} channels", f"Give files of at most {CHANNELS_AT_MOST}.")


def windows(spec: Any) -> tuple[tuple[int, int], Window]:
    """Give the display window's width and height, and the data window relative to its top-left corner, as stored."""
    x0, y0 = spec.x - spec.full_x, spec.y - spec.full_y
    return (spec.full_width, spec.full_height), (x0, y0, x0 + spec.width, y0 + spec.height)


def orientation_of(image: Any) -> int:
    """Give the orientation of an open image, 1 to 8 as in EXIF.

    In an EXR it is what was left from another file: nobody turns an EXR by it.
    """
    if image.format_name() == "openexr":
        return _UPRIGHT
    turned = image.spec().get_int_attribute("Orientation", _UPRIGHT)
    return int(turned) if _UPRIGHT <= turned <= _MOST_ORIENTATIONS else _UPRIGHT


def upright(stored: Stored, orientation: int) -> Stored:
    """Turn and mirror (H, W, C) stored rows into the picture that viewers show."""
    if orientation == _UPRIGHT:
        return stored
    turns = {2: 0, 3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}[orientation]
    mirrored = orientation in {2, 4, 5, 7}
    turned: Any = np.rot90(stored, turns)
    if mirrored:
        turned = turned[:, ::-1] if turns % 2 == 0 else turned[::-1]
    result: Stored = np.ascontiguousarray(turned)
    return result


def encoding_of(image: Any, spec: Any) -> str:
    """Say how the values are encoded; what no encoding is known for is told in words, see `DisplayTransform`."""
    kind = image.format_name()
    if kind == "cineon":
        return "log"
    is_float = str(spec.format) in {"half", "float", "double"}
    if kind == "dpx" and not is_float:
        transfer = spec.get_string_attribute("dpx:Transfer", "")
        if transfer in _LOG_TRANSFERS:
            return "log"
        # Integers rarely hold linear light, and programs write this mark whatever the pixels are: nobody can tell.
        if transfer == "Linear":
            return "whole numbers marked as linear"
        # An unmarked DPX is taken as video: video read as film log loses its shadows, the other mistake only contrast.
        return "rec709"
    return "scene-linear" if is_float else "srgb"


def _turned_window(window: Window, size: tuple[int, int], orientation: int) -> Window:
    """Give where a window of the stored rows lies in the picture that viewers show."""
    (x0, y0, x1, y1), (width, height) = window, size
    across, down = (width - x1, width - x0), (height - y1, height - y0)
    xs = across if orientation in {2, 3, 7, 8} else (x0, x1)
    ys = down if orientation in {3, 4, 6, 7} else (y0, y1)
    if orientation >= _FIRST_TRANSPOSED:
        xs, ys = ys, xs
    return (xs[0], ys[0], xs[1], ys[1])


def _tags(spec: Any) -> dict[str, Any]:
    tags: dict[str, Any] = {}
    code = spec.getattribute("smpte:TimeCode")
    if isinstance(code, tuple):
        tags["timecode"] = tuple(int(word) for word in code)
    colours = spec.getattribute("chromaticities")
    if isinstance(colours, tuple):
        tags["chromaticities"] = tuple(float(value) for value in colours)
    return tags
