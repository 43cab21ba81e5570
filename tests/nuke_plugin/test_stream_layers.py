"""Every object's own layer: in the stream, through finesse, in a bake."""

import numpy as np
import pytest
from comp import FIRST, Comp, read_exr

SHORT = (FIRST, FIRST + 2)
NAMES = ("subject", "second", "third", "fourth", "fifth")


@pytest.fixture
def comp(terminal, tmp_path):
    """Give a saved comp of three frames with five objects whose mattes are right; its Write writes every channel."""
    comp = Comp(terminal, tmp_path, SHORT)
    comp.add_objects(NAMES)
    comp.forge_mattes(NAMES)
    comp.save_with_every_channel()
    return comp


def _pictures(comp):
    return [read_exr(file)[0] for file in comp.render()]


def test_every_object_has_its_layer_downstream(comp):
    """Below the node stand the plate's colours, the matte, and each object's alpha, to the bit those of the files."""
    from mam2_nuke.node import result_of

    for frame, out in zip(range(SHORT[0], SHORT[1] + 1), _pictures(comp), strict=True):
        files, _ = read_exr(result_of(comp.node).path("", frame))
        assert set(out) == {*"RGBA", *(f"{name}.alpha" for name in NAMES)}
        for name in NAMES:
            inside = out[f"{name}.alpha"]
            edge = (inside.shape[0] - files["A"].shape[0]) // 2
            assert np.array_equal(inside[edge:-edge, edge:-edge], files[f"{name}.alpha"])


def test_a_matte_of_one_object_keeps_all_layers(comp):
    """Choosing one object changes the output channel alone, and the output can be any layer, a new one too."""
    every = _pictures(comp)[0]
    comp.session.type_into(comp.node["matte_of"], "third")
    from mam2_nuke.node import result_of, show_layers

    show_layers(comp.node, result_of(comp.node).objects)  # in a terminal no panel is open
    one = _pictures(comp)[0]
    assert np.array_equal(one["A"], every["third.alpha"])
    comp.nuke.Layer("holdout", ["holdout.a"])
    comp.node["output"].getLinkedKnob().setValue("holdout.a")
    other = _pictures(comp)[0]
    assert np.array_equal(other["holdout.a"], every["third.alpha"])
    for name in NAMES:
        assert np.array_equal(one[f"{name}.alpha"], every[f"{name}.alpha"])


def test_a_bake_takes_the_nodes_place_and_gives_its_picture(comp):
    """With animated finesse and every layer, the baked nodes feed what the node fed, in a script that is moved too."""
    blur = comp.node["blur"]
    blur.setAnimated()
    for frame, size in ((SHORT[0], 0.0), (SHORT[1], 60.0)):
        blur.setValueAt(size, frame)
    comp.node["gamma"].setValue(1.5)
    before = _pictures(comp)
    assert not np.array_equal(before[0]["A"], before[2]["A"])
    comp.node["bake"].execute()
    assert comp.write.input(0).name() != comp.node.name()
    pattern = comp.nuke.toNode("MAM2_mattes")["file"].value()
    assert pattern == "[file dirname [value root.name]]/mattes/MAM2/v0001/matte.%04d.exr"
    read = comp.nuke.toNode("MAM2_mattes")
    assert (read["first"].value(), read["last"].value()) == SHORT
    comp.nuke.delete(comp.node)
    comp.nuke.scriptSave()
    (comp.folder / "job").rename(comp.folder / "moved")
    comp.nuke.scriptOpen(str(comp.folder / "moved" / "shot.nk"))
    comp.write = comp.nuke.toNode("Write1")
    for a, b in zip(before, _pictures(comp), strict=True):
        assert all(np.allclose(a[name], b[name], atol=1e-6) for name in a)


def test_mattes_that_are_not_right_are_not_baked(comp):
    """Bake says which mattes are out of date, and copies them only for a node that merely warns of them."""
    comp.node["p01_xy"].setValue(25.0, 0)
    with pytest.raises(RuntimeError, match=f"Nothing was baked. The mattes of {SHORT[0]}-{SHORT[1]} are out of date"):
        comp.node["bake"].execute()
    assert not (comp.folder / "job" / "mattes").exists()
    comp.node["stale"].setValue("warn")
    comp.node["bake"].execute()
    assert len(list((comp.folder / "job" / "mattes").rglob("*.exr"))) == 3
