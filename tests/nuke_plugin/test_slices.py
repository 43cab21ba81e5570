"""How many frames go to one render: each pops up a progress meter in an artist's face."""

import time

import pytest


@pytest.fixture
def slices(terminal):
    """Give the function that cuts frames into runs."""
    del terminal
    from mam2_nuke.plates import slices

    return slices


def test_quick_frames_go_together(slices):
    """Thirty frames that take no time need five renders, the first of one frame, so that tracking can begin."""
    runs = list(slices(range(1001, 1031)))
    assert [len(run) for run in runs] == [1, 2, 4, 8, 15]
    assert [frame for run in runs for frame in run] == list(range(1001, 1031))


def test_a_run_has_no_gap_and_may_go_backwards(slices):
    """Frames apart are rendered apart; a track backwards has its runs backwards."""
    assert list(slices([1010, 1009, 1008, 1020, 1001, 1002])) == [[1010], [1009, 1008], [1020], [1001, 1002]]


def test_slow_frames_go_alone(slices):
    """A frame that takes longer than half a second is not followed by another in the same render."""
    runs = []
    for run in slices(range(1001, 1005)):
        runs.append(run)
        time.sleep(0.6 * len(run))
    assert [len(run) for run in runs] == [1, 1, 1, 1]
