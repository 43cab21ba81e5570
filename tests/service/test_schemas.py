"""What requests may hold, before the contract looks at it."""

import pytest

from engine.contract.errors import ShotError
from engine.service.declaration import Declaration
from engine.service.schemas import PointBody, ShotBody

CLICK = {"kind": "point", "frame": 20240101101500, "x": 1, "y": 1}


def test_any_number_that_a_file_may_have_is_a_frame():
    """Frame numbers of eight digits, and dates with their times, are taken like any other."""
    body = ShotBody.model_validate({"range": [10001200, 10001201], "size": [64, 48]})
    assert body.range == [10001200, 10001201]
    assert PointBody.model_validate(CLICK).frame == 20240101101500


@pytest.mark.parametrize("last", [20240102101500, 1])
def test_a_range_that_is_no_footage_is_refused(last):
    """A range of a thousand million frames, or of none, is refused before anything counts through it."""
    with pytest.raises(ShotError):
        Declaration(20240101101500, last, 64, 48).check()
