from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markers import BEGIN, END, put, take_out
from problems import SetupError

LINE = "import nuke"
TEXTS = st.lists(
    st.sampled_from([b"print(1)", b"\n", b"\r\n", b"# \xe9", b"", b"\xef\xbb\xbf", b"\t"]), max_size=12
).map(b"".join)


@given(TEXTS)
def test_what_is_taken_out_leaves_the_file_as_it_was(text):
    """Putting the line in and taking it out gives the user's file back to the byte, however it ends."""
    written, joint = put(text, LINE)
    assert take_out(written, joint) == text


@given(TEXTS)
def test_the_line_stands_alone(text):
    """The line never continues one of the user's, whatever the file ends with."""
    written, _ = put(text, LINE)
    assert LINE.encode() in written.splitlines()


@given(TEXTS)
def test_a_second_time_changes_nothing(text):
    """Putting the same line in again leaves the file as it is; another line takes its place."""
    once, _ = put(text, LINE)
    assert put(once, LINE) == (once, b"")
    assert put(put(once, "other")[0], LINE)[0] == once


def test_what_the_user_adds_later_stays():
    """Lines that were added behind ours stay, and stay lines of their own."""
    written, joint = put(b"print(1)", LINE)
    assert take_out(written + b"print(2)\n", joint) == b"print(1)\nprint(2)\n"


def test_windows_line_ends_are_kept():
    """A file with Windows' line ends gets ours with the same."""
    written, _ = put(b"print(1)\r\n", LINE)
    assert written.count(b"\n") == written.count(b"\r\n") == 4


@pytest.mark.parametrize("text", [BEGIN + b"\nx\n", END + b"\n" + BEGIN, 2 * (BEGIN + b"\nx\n" + END + b"\n")])
def test_damaged_markers_are_refused_in_words(text):
    """Markers that are no pair are left for the user, with a sentence."""
    with pytest.raises(SetupError, match="damaged or there twice"):
        put(text, LINE)
    with pytest.raises(SetupError, match="damaged or there twice"):
        take_out(text, b"")
