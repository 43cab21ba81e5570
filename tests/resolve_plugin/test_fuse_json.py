"""JSON between the tool and the engine."""

import json

import pytest
from fusion_host import FusionHost
from hypothesis import given
from hypothesis import strategies as st

HOST = FusionHost()
AGAIN = HOST.lua.eval("""function(text)
    local json = require('mam2.json')
    local value, problem = json.decode(text)
    return value ~= nil and json.encode(value) or nil, problem
end""")
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def latin(text):
    """Give UTF-8 as the stand-in's byte strings."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


@given(VALUES, st.booleans())
def test_what_is_read_is_written_again(value, ascii_only):
    """Any JSON that Python writes is read, and written again means the same."""
    text = json.dumps([value], ensure_ascii=ascii_only)
    again, _ = AGAIN(latin(text))
    found = json.loads(again.encode("latin-1").decode("utf-8", "surrogatepass"))
    assert same(found, [value])


def same(found, expected):
    """Tell whether two values are equal, floats to fourteen digits."""
    if isinstance(expected, list):
        return len(found) == len(expected) and all(same(*pair) for pair in zip(found, expected, strict=True))
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, float):
        return found == pytest.approx(expected, rel=1e-12)
    return found == expected


DAMAGED = ["", "{", "[1,", '{"a"}', "[1 2]", "nul", '"open', "1 2", "[" * 100 + "]" * 100, "{a:1}"]


@pytest.mark.parametrize("text", DAMAGED)
def test_what_is_no_json_is_refused(text):
    """Damaged text is refused with a reason, never read in part."""
    again, problem = AGAIN(text)
    assert again is None
    assert problem
