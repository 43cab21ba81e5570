"""How sure the tracker is of an object, and from which frame on it may be lost."""

import numpy as np
import pytest

from engine.session.results import ObjectMatte, Presence, Watched, doubtful_frames, lost_from

SURE, GONE, LEAKED = Presence(0.97, 0.1), Presence(0.0, 0.0), Presence(0.97, 0.9)


def test_a_mask_is_summed_up():
    """Certainty is the mean inside the mask, share what it covers; a mask that is nowhere has neither."""
    mask = np.zeros((80, 80), np.float32)
    mask[:40] = 0.9
    found = Presence.of(mask)
    assert (found.certainty, found.share) == (pytest.approx(0.9), 0.5)
    assert Presence.of(np.zeros((80, 80), np.float32)) == GONE


def test_presence_is_noted_when_the_mask_is_written():
    """Whoever writes a matte asks for its mask, which is made once; its presence is known then and not before."""
    made = []

    def make():
        made.append(1)
        return np.ones((8, 8), np.float32)

    watched = Watched(ObjectMatte(np.ones((8, 8), np.float32), make, make))
    assert watched.presence is None
    assert watched.matte.mask_hw.all()
    assert watched.presence == Presence(1.0, 1.0)
    assert made == [1]


@pytest.mark.parametrize("bad", [GONE, LEAKED, Presence(0.55, 0.1)])
def test_an_object_is_lost_where_doubt_lasts(bad):
    """Three doubtful frames in a row, or the last ones, are a loss; a blink is none, and a prompted frame is sure."""
    found = dict.fromkeys(range(1, 21), SURE)
    assert lost_from(found, [1]) is None
    found[7] = bad
    assert doubtful_frames(found, [1]) == [7]
    assert lost_from(found, [1]) is None
    found.update(dict.fromkeys((12, 13, 14), bad))
    assert lost_from(found, [1]) == 12
    assert lost_from({**found, 13: SURE, 20: bad}, [1]) == 20
    assert lost_from(found, [1, 13]) is None


def test_what_is_large_from_the_start_has_not_leaked():
    """A mask that covers most of the plate on the prompted frame too is what the artist asked for."""
    found = {frame: Presence(0.95, 0.8) for frame in range(1, 9)}
    assert doubtful_frames(found, [1]) == []
