"""Undo around a track: whatever is taken back, the node says what is true, and a render keeps to it."""

import pytest
from comp import FIRST, LAST, Comp, centre

DONE = f"Mattes of {FIRST}-{LAST} are up to date."
HALF = f"Mattes of {FIRST}-1007 are up to date. Mattes of 1008-{LAST} are out of date: track again."


@pytest.fixture
def comp(artist, tmp_path, shared_engine):
    """Give a comp of twelve frames with a click on its first frame and a correction on 1008, tracked."""
    del shared_engine
    comp = Comp(artist, tmp_path)
    comp.add_point(FIRST, *centre(FIRST))
    comp.add_point(1008, *centre(1008))
    comp.track()
    assert comp.status == DONE
    return comp


def _undo(comp):
    comp.nuke.undo()
    comp.settle()


def _redo(comp):
    comp.nuke.redo()
    comp.settle()


def test_one_undo_takes_a_whole_track_back(comp):
    """Without its first track the node has no mattes and says so; redone, it has them all again."""
    read = comp.node.node("MatteRead")["file"].value()
    _undo(comp)
    assert comp.node["has_matte"].value() == 0
    assert comp.node.node("MatteRead")["file"].value() == ""
    assert comp.status == "Ready: press Track, or preview a frame first."
    _redo(comp)
    assert comp.node.node("MatteRead")["file"].value() == read
    assert comp.status == DONE
    comp.render(FIRST, FIRST)


def test_a_prompt_moved_and_moved_back_by_undo_is_up_to_date(comp):
    """Moving a correction makes the frames behind it stale; its undo makes them right again, in a render too."""
    comp.node["p02_xy"].setValue(centre(1008)[0] + 2, 0)
    assert comp.settle() == HALF
    with pytest.raises(RuntimeError, match=f"The mattes of 1008-{LAST} are out of date"):
        comp.render(1008, 1008)
    _undo(comp)
    assert comp.status == DONE
    comp.render(1008, 1008)
    _redo(comp)
    assert comp.status == HALF


def test_undoing_the_track_of_a_correction_gives_the_mattes_before_it(comp):
    """After the undo the node reads the version before, stale behind the correction; undoing that too, all is right."""
    first = comp.node.node("MatteRead")["file"].value()
    comp.node["p02_xy"].setValue(centre(1008)[0] + 2, 0)
    comp.track()
    second = comp.node.node("MatteRead")["file"].value()
    assert comp.status == DONE
    _undo(comp)
    assert comp.node.node("MatteRead")["file"].value() == first != second
    assert comp.status == HALF
    with pytest.raises(RuntimeError, match=f"The mattes of 1008-{LAST} are out of date"):
        comp.render(1008, 1008)
    _undo(comp)
    assert comp.status == DONE
    comp.render(1008, 1008)
