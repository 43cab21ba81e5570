"""Knobs of the stand-in for Nuke: values, animation, expressions, undo."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .nuke import curves


@pytest.fixture
def nuke(nuke_session):
    """The module."""
    return nuke_session.nuke


@pytest.fixture
def group(nuke):
    """A Group with a point, a box, a choice and a file."""
    node = nuke.nodes.Group(name="Matte")
    node.addKnob(nuke.Tab_Knob("mam2", "MAM2"))
    for knob in (
        nuke.XY_Knob("p1", "Point 1"),
        nuke.BBox_Knob("box", "Box"),
        nuke.Enumeration_Knob("mode", "Mode", ["fast", "best of all"]),
        nuke.File_Knob("folder", "Folder"),
        nuke.Boolean_Knob("on", "On", True),
        nuke.Int_Knob("count", "Count"),
    ):
        node.addKnob(knob)
    return node


def test_an_unknown_knob_is_an_error_by_index_and_none_by_call(group):
    """`node["x"]` raises NameError where `node.knob("x")` gives None."""
    with pytest.raises(NameError):
        group["p2"]
    assert group.knob("p2") is None


def test_what_is_deleted_is_dead(nuke, group):
    """A deleted node and its knobs raise ValueError whatever is asked of them."""
    knob = group["p1"]
    nuke.delete(group)
    for call in (group.name, knob.value, lambda: group["p1"], lambda: knob.setValue((1, 2))):
        with pytest.raises(ValueError, match="not attached to a node"):
            call()


def test_values_have_their_types(group):
    """A position gives a list, a component a float, a choice a word and an index, a whole number an int."""
    group["p1"].setValue((12.5, 7))
    group["mode"].setValue("best of all")
    group["count"].setValue(3.0)
    assert group["p1"].value() == [12.5, 7.0]
    assert group["p1"].valueAt(1001, 1) == 7.0
    assert (group["mode"].value(), group["mode"].getValue()) == ("best of all", 1.0)
    assert group["count"].value() == 3
    assert isinstance(group["count"].value(), int)
    assert group["on"].value() is True


def test_a_box_has_right_and_top(group):
    """A box knob's components are left, bottom, right and top."""
    group["box"].fromDict({"x": 1, "y": 2, "r": 30, "t": 40})
    assert group["box"].value() == [1, 2, 30, 40]
    assert group["box"].toDict() == {"x": 1, "y": 2, "r": 30, "t": 40}


@pytest.mark.parametrize(("knob", "value"), [("mode", "worst"), ("p1", "here"), ("p1", (1, 2, 3)), ("folder", 5)])
def test_values_that_do_not_fit_are_refused(group, knob, value):
    """A word that is no choice, a text for a number, too many components, a number for a file: each is refused."""
    with pytest.raises((TypeError, ValueError)):
        group[knob].setValue(value)


def test_keys_animate(nuke, group):
    """Keys are set at frames for each component, found again, and values between them are interpolated."""
    knob = group["p1"]
    knob.setAnimated(0)
    for frame, value in ((1001, 10), (1011, 20)):
        knob.setValueAt(value, frame, 0)
    knob.setValue(5, 1)
    assert knob.valueAt(1006, 0) == pytest.approx(15)
    assert knob.valueAt(1, 0) == 10
    assert knob.valueAt(2000, 0) == 20
    assert knob.valueAt(1006, 1) == 5
    assert knob.getKeyList() == [1001, 1011]
    assert knob.isKeyAt(1001, 0)
    assert not knob.isKeyAt(1001, 1)
    assert (knob.isAnimated(0), knob.isAnimated(1)) == (True, False)
    nuke.frame(1011)
    assert knob.isKey(0)
    knob.removeKey(0)
    assert knob.getKeyList() == [1001]


def test_a_value_without_animation_has_no_time(group):
    """Setting a value at a frame on a knob that is not animated sets it for all frames."""
    group["p1"].setValueAt(8, 1050, 0)
    assert group["p1"].valueAt(1001, 0) == 8
    assert group["p1"].getKeyList() == []


def test_clearing_keeps_the_value_of_this_frame(nuke, group):
    """Clearing the animation, or an expression, leaves the value that the current frame has."""
    group["p1"].setExpression("frame * 2", 0)
    nuke.frame(1010)
    group["p1"].clearAnimated(0)
    assert group["p1"].valueAt(1, 0) == 2020
    assert not group["p1"].hasExpression(0)


def test_expressions_reach_knobs_by_name(nuke, group):
    """From within a Group `parent.` is the Group; from the Group's own knobs it is what holds the Group."""
    with group:
        inner = nuke.nodes.Blur()
    inner["size"].setExpression("parent.count + 1")
    group["count"].setValue(4)
    assert inner["size"].value(0) == 5
    other = nuke.nodes.Blur(name="Soft")
    other["size"].setValue(9)
    group["p1"].setExpression("parent.Soft.size.w * frame", 0)
    assert group["p1"].valueAt(10, 0) == 90
    assert group["p1"].hasExpression(0)
    assert group["p1"].getKeyList() == []
    assert other in group.dependencies(nuke.EXPRESSIONS)


def test_expressions_see_the_picture(nuke, group):
    """`input.width`, `width` and `root.format` are the picture's and the script's size."""
    plate = nuke.nodes.Constant()
    plate["format"].setValue(nuke.addFormat("64 32 2 squeezed"))
    crop = nuke.nodes.Crop(inputs=[plate])
    for index, text in enumerate(("0", "0", "input.width / 2", "height")):
        crop["box"].setExpression(text, index)
    assert crop["box"].value() == [0, 0, 32, 32]
    group["p1"].setExpression("root.format.width", 0)
    assert group["p1"].value(0) == 2048


@pytest.mark.parametrize("text", ["1 +", "(2", "a b", "§"])
def test_bad_expressions_are_refused(group, text):
    """What is no expression is refused when it is set."""
    with pytest.raises(RuntimeError):
        group["p1"].setExpression(text, 0)


def test_an_expression_that_needs_itself_ends(group):
    """A circle of expressions is an error and no endless loop."""
    group["p1"].setExpression("p1.y", 0)
    group["p1"].setExpression("p1.x", 1)
    with pytest.raises(RuntimeError, match="needs itself"):
        group["p1"].valueAt(1, 0)


def test_a_name_that_leads_nowhere_is_an_error(group):
    """An expression that names something unknown says so."""
    group["p1"].setExpression("parent.Tracker1.tracks.1.track_x", 0)
    with pytest.raises(RuntimeError, match="Tracker1"):
        group["p1"].valueAt(1, 0)


def test_files_are_evaluated(nuke, group):
    """A file's Tcl reaches other knobs; hashes and `%04d` become the frame, `%V` the view."""
    group["folder"].setValue("/show/mattes")
    with group:
        read = nuke.nodes.Read(name="Mattes")
    read["file"].setValue("[value parent.folder]/%V/m.####.exr")
    nuke.frame(1007)
    assert read["file"].value() == "[value parent.folder]/%V/m.####.exr"
    assert read["file"].getEvaluatedValue() == "/show/mattes/%V/m.%04d.exr"
    assert read["file"].evaluate() == "/show/mattes/main/m.1007.exr"
    assert nuke.filename(read, nuke.REPLACE) == "/show/mattes/main/m.1007.exr"


def test_a_script_runs_no_python_from_tcl(group):
    """`[python ...]` in a file name is refused, and no command of Tcl reaches out of the interpreter."""
    for text in ("[python {1+1}]", "[exec ls]", "[open /etc/passwd]"):
        group["folder"].setValue(text)
        with pytest.raises(RuntimeError):
            group["folder"].evaluate()


def test_a_read_learns_its_range_from_user_text(nuke):
    """`fromUserText` sets range and original range; setting the file alone does not."""
    read = nuke.nodes.Read()
    read["file"].setValue("/show/a.%04d.exr")
    assert (read["first"].value(), read["last"].value()) == (1, 1)
    read["file"].fromUserText("/show/a.####.exr 1001-1050")
    names = ("first", "last", "origfirst", "origlast", "origset")
    assert [read[name].value() for name in names] == [1001, 1050, 1001, 1050, True]


def test_a_write_has_its_types_knobs_once_it_has_a_type(nuke):
    """A Write without a file has no `datatype`; with an EXR it has."""
    write = nuke.nodes.Write()
    assert write.knob("datatype") is None
    write["file"].setValue("/show/a.%04d.exr")
    assert write["datatype"].value() == "16 bit half"


def test_a_link_shows_another_knob(nuke, group):
    """A link finds the knob that it names, and nothing where the node is gone."""
    with group:
        inner = nuke.nodes.Blur(name="Soft")
    link = nuke.Link_Knob("soft", "Soft")
    link.makeLink("Soft", "size")
    group.addKnob(link)
    assert link.getLinkedKnob() is inner["size"]
    nuke.delete(inner)
    assert link.getLinkedKnob() is None


def test_flags_hide_and_grey_out(nuke, group):
    """Visibility, being enabled and flags are kept apart, as Nuke keeps them."""
    knob = group["p1"]
    knob.setVisible(False)
    knob.setEnabled(False)
    knob.setFlag(nuke.DO_NOT_WRITE)
    assert (knob.visible(), knob.enabled(), knob.getFlag(nuke.DO_NOT_WRITE)) == (False, False, True)
    knob.setVisible(True)
    knob.setFlag(nuke.INVISIBLE)
    assert not knob.visible()


def test_a_first_user_knob_brings_its_page(nuke):
    """A knob that is added without a page gets the page `User`."""
    node = nuke.nodes.NoOp()
    node.addKnob(nuke.Int_Knob("a"))
    assert "User" in node.knobs()
    with pytest.raises(ValueError, match="exists"):
        node.addKnob(nuke.Int_Knob("a"))
    node.removeKnob(node["a"])
    assert node.knob("a") is None
    with pytest.raises(ValueError, match="no user knob"):
        node.removeKnob(node["label"])


def test_undo_takes_edits_back_and_redo_makes_them_again(nuke, group):
    """One edit is one step; what stands between begin and end is one step; what is disabled is none."""
    group["count"].setValue(1)
    with nuke.Undo("two at once"):
        group["count"].setValue(2)
        group["p1"].setValue((3, 3))
    nuke.Undo.disable()
    group["on"].setValue(False)
    nuke.Undo.enable()
    nuke.undo()
    assert (group["count"].value(), group["p1"].value(), group["on"].value()) == (1, [0, 0], False)
    nuke.undo()
    assert group["count"].value() == 0
    nuke.redo()
    nuke.redo()
    assert (group["count"].value(), group["p1"].value()) == (2, [3, 3])


def test_steps_are_taken_back_from_the_last_to_the_first(nuke, group):
    """Two edits of one knob in one step go back to what it was before the first."""
    with nuke.Undo():
        group["count"].setValue(1)
        group["count"].setValue(2)
    nuke.undo()
    assert group["count"].value() == 0


def test_undo_without_begin_is_an_error(nuke):
    """Enabling undo once too often is refused."""
    with pytest.raises(RuntimeError):
        nuke.Undo.enable()


@pytest.mark.parametrize("kind", [curves.SMOOTH, curves.CUBIC, curves.CATMULL_ROM, curves.LINEAR, curves.HORIZONTAL])
@given(values=st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=6), start=st.integers(-50, 1100))
def test_curves_pass_through_their_keys(kind, values, start):
    """Every interpolation meets every key, and the nearest key holds outside."""
    curve = curves.Curve([curves.Key(start + 3 * i, value, kind) for i, value in enumerate(values)])
    assert [curve.evaluate(key.x) for key in curve.keys] == pytest.approx(values)
    assert (curve.evaluate(start - 9), curve.evaluate(start + 99)) == (values[0], values[-1])


def test_interpolations_differ():
    """Constant holds, linear is straight, horizontal leaves and arrives flat; a smooth key does not overshoot."""

    def curve(kind):
        return curves.Curve([curves.Key(0, 0, kind), curves.Key(10, 10, kind)])

    assert curve(curves.CONSTANT).evaluate(9.9) == 0
    assert curve(curves.LINEAR).evaluate(2) == pytest.approx(2)
    assert curve(curves.HORIZONTAL).evaluate(1) < 0.5
    bump = curves.Curve([curves.Key(0, 0), curves.Key(10, 10), curves.Key(20, 0)])
    assert max(bump.evaluate(frame / 4) for frame in range(80)) <= 10


@given(
    st.lists(
        st.tuples(st.integers(-100, 2000), st.floats(-1e6, 1e6), st.sampled_from([0, 1, 2, 3, 4, 17])),
        unique_by=lambda key: key[0],
        max_size=12,
    )
)
def test_curves_are_read_back_as_they_were_written(keys):
    """A curve's text holds every key, value and interpolation."""
    curve = curves.Curve()
    for x, y, kind in keys:
        curve.put(curves.Key(float(x), y, kind))
    assert curves.parse(curves.write(curve).split()) == curve
