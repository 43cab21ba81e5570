"""Time codes and other tags that a matte takes over from its plate."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.media.image_header import exr_attributes, time_code

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("begin", "rate", "frames", "word"),
    [
        ("01:02:03:04", Fraction(24), 0, 0x01020304),
        ("01:02:03:23", Fraction(24000, 1001), 1, 0x01020400),
        ("10:00:00:00", Fraction(25), 1500, 0x10010000),
        ("23:59:59:24", Fraction(25), 1, 0),
        ("00:00:59;29", NTSC, 1, 0x00010042),
        ("00:09:59;29", NTSC, 1, 0x00100040),
        ("00:00:59:29", NTSC, 1, 0x00010000),
    ],
)
def test_time_codes_count_on(begin, rate, frames, word):
    """A movie's frames have the time code of its first one, counted on; drop-frame codes drop two numbers a minute."""
    assert time_code(begin, rate, frames) == (word, 0)


@given(st.integers(0, 6 * 24 * 17982 - 1))
def test_drop_frame_numbers_are_each_used_once(number):
    """One frame later is another time code, which is never one of those dropped."""
    here, after = (time_code("00:00:00;00", NTSC, at)[0] for at in (number, number + 1))
    minutes, seconds, frames = here >> 16 & 0x7F, here >> 8 & 0x7F, here & 0x3F
    assert here != after
    assert seconds or frames > 1 or minutes & 0xF == 0


@pytest.mark.parametrize("begin", ["", "nonsense", "1:2:3:4"])
def test_what_is_no_time_code_is_left_out(begin):
    """A movie whose time code cannot be read has none."""
    assert time_code(begin, Fraction(24), 1) is None


def test_a_time_code_that_was_never_set_is_left_out():
    """All bits set, as some recorders leave them, are no time of day."""
    assert "timeCode" not in exr_attributes({"timecode": (0xFFFFFFFF, 0xFFFFFFFF)})
