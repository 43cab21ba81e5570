"""The preview sheet: which frames it shows, and what is in its cells."""

import numpy as np
import pytest

from engine.cli.matte.preview import CELL, Cell, frames_shown, paint_sheet
from engine.contract.shot import Box, Point

SIZE = (360, 640)
PLATE = np.full((*SIZE, 3), 0.5, np.float32)


def cell(frame=1, *, prompts=(), trimap=True):
    """Give a cell: a soft square at the middle."""
    alpha = np.zeros(SIZE, np.float32)
    alpha[100:260, 220:420] = 0.5
    alpha[120:240, 240:400] = 1
    return Cell("cup", frame, PLATE, alpha, np.ceil(alpha * 2) / 2 if trimap else None, prompts)


@pytest.mark.parametrize(
    ("frames", "prompted", "shown"),
    [
        (range(1, 4), [2], [1, 2, 3]),
        (range(1, 101), [50], [1, 21, 50, 60, 80, 100]),
        (range(1, 101), [10, 20, 30, 40, 50], [1, 10, 20, 30, 80, 100]),
        (range(5, 101), [1], [5, 24, 43, 62, 81, 100]),
    ],
)
def test_a_sheet_shows_prompts_and_the_ends(frames, prompted, shown):
    """Of a long shot six frames are shown: up to three that have prompts, the ends, and others between."""
    assert frames_shown(frames, prompted, 6) == shown


def test_every_object_has_its_rows_and_every_frame_its_column():
    """Two objects on three frames make a sheet twice as high as one, three cells wide."""
    one = [cell(frame) for frame in (1, 2, 3)]
    sheet, both = paint_sheet([one]), paint_sheet([one, one])
    assert sheet.shape[1] > 3 * CELL
    assert both.shape[1] == sheet.shape[1]
    assert both.shape[0] == pytest.approx(2 * sheet.shape[0], abs=20)


def test_prompts_stand_where_they_were_given():
    """A click is a green dot at its place on the plate, one that says what is not the object a red one."""
    sheet = paint_sheet([[cell(prompts=(Point(1, 320, 180), Point(1, 50, 40, positive=False), Box(1, 5, 5, 9, 9)))]])
    plate = sheet[6 + 18 :, 6:]  # the first cell's picture begins below its label
    assert np.allclose(plate[180, 320], (0.2, 0.9, 0.2), atol=0.02)
    assert np.allclose(plate[40, 50], (0.95, 0.2, 0.15), atol=0.02)
    assert np.allclose(plate[340, 600], 0.5, atol=0.01)


def test_a_matte_that_was_made_earlier_has_no_trimap_to_show():
    """Where nobody has kept a frame's trimap its cell is empty; where no frame has one, the row is left out."""
    some, none = paint_sheet([[cell(1), cell(2, trimap=False)]]), paint_sheet([[cell(1, trimap=False)]])
    whole = paint_sheet([[cell(1)]])
    assert some.shape[0] == whole.shape[0] > none.shape[0]
