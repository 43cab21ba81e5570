"""From Nuke's pixels to the engine's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mam2_nuke.coordinates import Frame

PLATE = Frame(1920, 1080)


@pytest.mark.parametrize(
    ("nuke", "engine"),
    [((0, 0), (0, 1080)), ((1920, 1080), (1920, 0)), ((0.5, 0.5), (0.5, 1079.5)), ((100, 1000), (100, 80))],
)
def test_y_turns_round_about_the_format(nuke, engine):
    """A corner stays a corner and a pixel's centre a centre; only up becomes down."""
    assert PLATE.point(*nuke) == engine


def test_a_halved_plate_has_halved_places():
    """At half quality a point lands on the pixel that holds its four."""
    assert Frame(1920, 1080, 2).point(100, 1000) == (50, 40)
    assert Frame(1920, 1080, 2).size == (960, 540)


@given(st.floats(-50, 2000), st.floats(-50, 1200), st.floats(-50, 2000), st.floats(-50, 1200))
def test_a_box_is_cut_to_the_plate_whichever_way_it_was_drawn(x, y, r, t):
    """Left is never right of right, top never below bottom, and nothing lies outside the plate."""
    x0, y0, x1, y1 = PLATE.box(x, y, r, t)
    assert 0 <= x0 <= x1 <= 1920
    assert 0 <= y0 <= y1 <= 1080
    assert PLATE.box(r, t, x, y) == (x0, y0, x1, y1)
