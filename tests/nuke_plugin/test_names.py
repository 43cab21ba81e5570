"""Names of objects, where an artist types them."""

import pytest
from comp import FIRST, Comp, centre

BAD = [
    ("", "has no name"),
    ("   ", "has no name"),
    ("other", "Nuke uses this word for layers of its own"),
    ("rgb", "Choose another, 'rgb_1' for example"),
    ("Alpha", "Nuke uses this word"),
    ("Tänzer", "a letter, then letters, digits or '_'"),
    ("人", "cannot name an object"),
    ("left arm", "cannot name an object"),
    ("left-arm", "cannot name an object"),
    ("7up", "cannot name an object"),
    ("a.b", "cannot name an object"),
    ("a" * 65, "64 at most"),
]


@pytest.mark.parametrize(("name", "words"), BAD)
@pytest.mark.parametrize("knob", ["object", "p01_object", "mask_object"])
def test_a_name_that_cannot_be_a_layer_is_refused_where_it_is_typed(artist, tmp_path, knob, name, words):
    """The status says so at once, in words; Track starts nothing."""
    comp = Comp(artist, tmp_path, (FIRST, FIRST))
    comp.add_point(FIRST, *centre(FIRST))
    if knob == "mask_object":
        comp.node.setInput(1, comp.read)
        comp.node["mask_on"].setValue(True)
        comp.node["mask_frames"].setValue(str(FIRST))
    artist.type_into(comp.node[knob], name)
    assert words in comp.settle()
    comp.node["add_positive" if knob == "object" else "track_forward"].execute()
    assert words in comp.status
    assert comp.node.knob("p02_used") is None
    assert not artist.rendered


def test_blanks_around_a_name_are_no_part_of_it(artist, tmp_path):
    """A name typed with a blank behind it is the same object's."""
    from mam2_nuke.request import read_requests

    comp = Comp(artist, tmp_path, (FIRST, FIRST))
    comp.add_point(FIRST, *centre(FIRST))
    comp.node["object"].setValue("subject ")
    comp.add_point(FIRST, 5, 5)
    (thing,) = read_requests(comp.node)[0].shot.objects
    assert (thing.name, len(thing.prompts)) == ("subject", 2)
