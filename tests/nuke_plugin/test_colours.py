"""Foreground and premultiplied colours: in the stream, past finesse, in a bake."""

import numpy as np
import pytest
from comp import FIRST, Comp, read_exr

SHORT = (FIRST, FIRST + 1)
NAMES = ("subject", "second")


@pytest.fixture
def comp(terminal, tmp_path):
    """Give a saved comp of two frames and two objects, whose node is asked for foreground and premultiplied colours."""
    comp = Comp(terminal, tmp_path, SHORT)
    comp.add_objects(NAMES)
    for knob in ("foreground", "premultiplied"):
        comp.node[knob].setValue(True)
    comp.forge_mattes(NAMES)
    comp.save_with_every_channel()
    return comp


def _rendered(comp):
    return [
        {name: channel[-y:y, -x:x] for name, channel in channels.items()}
        for channels, (x, y) in map(read_exr, comp.render())
    ]


def _check(comp, files):
    for out, of_file in zip(_rendered(comp), files, strict=True):
        for name in NAMES:
            for short, colour in zip("RGB", ("red", "green", "blue"), strict=True):
                assert np.array_equal(out[f"{name}.{colour}"], of_file[f"{name}.{short}"])
                assert np.array_equal(out[short], of_file[short])


def test_colours_are_downstream_and_in_a_bake_to_the_bit(comp):
    """Every object's colour is in its layer and RGB is premultiplied, as in the files, whatever finesse does."""
    from mam2_nuke.node import result_of

    files = [read_exr(result_of(comp.node).path("", frame))[0] for frame in range(SHORT[0], SHORT[1] + 1)]
    comp.node["blur"].setValue(20)
    _check(comp, files)
    comp.node["bake"].execute()
    assert comp.write.input(0).name() != comp.node.name()
    _check(comp, files)


def test_without_them_the_plate_is_as_it_was(comp):
    """Switched off again mattes are out of date; once they are made, RGB is the plate's and layers have alpha."""
    comp.node["foreground"].setValue(False)
    comp.node["premultiplied"].setValue(False)
    assert "out of date" in comp.settle()
    comp.forge_mattes(NAMES)
    (first, _) = _rendered(comp)
    plate, _ = read_exr(comp.folder / "plates" / f"plate.{FIRST}.exr")
    for colour in "RGB":
        assert np.array_equal(first[colour], plate[colour][6:-6, 6:-6])
    assert set(first) == {*"RGBA", *(f"{name}.alpha" for name in NAMES)}
