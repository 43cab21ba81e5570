"""What a plate says besides its pixels and its matte has to say too: pixel aspect, SMPTE time code, chromaticities.

A source gives them as a mapping: `pixel_aspect`, width of a pixel over its height; `timecode`, two words as SMPTE
12M-1 packs them for 60 fields (binary-coded digits and flags; user bits), which is how EXR and DPX hold them; and
`chromaticities`, eight numbers. A matte's values are data whatever the chromaticities; hosts compare those of images.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import OpenEXR

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
