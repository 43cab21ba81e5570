"""Scripts: real ones are read, what is written is read back equal."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .nuke import NukeSession, tcl, user_knobs

SCRIPTS = Path(__file__).resolve().parent.parent / "data" / "nuke" / "scripts"
TRACKED = SCRIPTS / "cotracker-nuke" / "tracker_example_v002.nk"
REAL = sorted(path.relative_to(SCRIPTS).as_posix() for path in SCRIPTS.rglob("*.nk"))


def everything(session):
    """Give all that a script holds: each node's class, inputs and knobs as text."""
    return {
        node.fullName(): (
            node.Class(),
            [source.fullName() if source is not None else None for source in node._inputs],
            {name: knob._word() for name, knob in node._knobs.items()},
            [knob._definition() for knob in node._user_knobs],
        )
        for node in session.every_node()
    }


@pytest.mark.parametrize("name", REAL)
def test_real_scripts_are_read_and_written(nuke_session, tmp_path, name):
    """A script of a real Nuke loads, and what is saved of it loads as the same."""
    nuke = nuke_session.nuke
    nuke.scriptOpen(str(SCRIPTS / name))
    first = everything(nuke_session)
    assert first
    saved = tmp_path / "saved.nk"
    nuke.scriptSaveAs(str(saved))
    nuke.scriptOpen(str(saved))
    assert everything(nuke_session) == first


def test_a_real_group_keeps_its_nodes_and_the_root_its_settings(nuke_session):
    """Nodes of a Group are in it, connected to nothing outside; the Root has what the script says."""
    nuke = nuke_session.nuke
    nuke.scriptOpen(str(SCRIPTS / "deadline-cloud-for-nuke" / "group-read.nk"))
    group = nuke.toNode("Group1")
    assert {node.name() for node in group.nodes()} == {"Read1", "Output1"}
    assert group.output().input(0) is group.node("Read1")
    assert nuke.toNode("Group1.Read1")["format"].value().width() == 640
    assert nuke.root()["colorManagement"].value() == "Nuke"


def test_a_real_tracker_gives_its_tracks(nuke_session):
    """A real Tracker4's positions come by cell, 31 columns a track, and by expression, tracks counted from 1."""
    nuke = nuke_session.nuke
    nuke.scriptReadFile(str(TRACKED))
    tracker = next(node for node in nuke.allNodes() if node.Class() == "Tracker4")
    tracks = tracker["tracks"]
    assert tracks.getValueAt(1001, 31 * 0 + 2) == 589.6312256
    assert tracks.getValueAt(1002, 31 * 0 + 2) == 598.8167725
    assert tracks.getValueAt(1001, 31 * 0 + 3) == 858.3320923
    assert tracks.getValueAt(1060, 31 * 3 + 0) == 1
    assert tracks.isAnimated(2)
    with pytest.raises(IndexError):
        tracks.getValueAt(1001, 31 * 4)
    group = nuke.nodes.Group(name="Matte")
    group.addKnob(nuke.XY_Knob("p1"))
    for index, axis in enumerate("xy"):
        group["p1"].setExpression(f"parent.{tracker.name()}.tracks.1.track_{axis}", index)
    for frame in (1001, 1002, 1115):
        expected = [tracks.getValueAt(frame, 2), tracks.getValueAt(frame, 3)]
        assert [group["p1"].valueAt(frame, 0), group["p1"].valueAt(frame, 1)] == expected
    assert tracker in group.dependencies()


def test_classes_that_are_not_known_refuse_to_be_computed(nuke_session):
    """A node of a class that the stand-in does not have keeps its place and text, and says that it has no picture."""
    nuke_session.nuke.scriptReadFile(str(SCRIPTS / "deadline-cloud-for-nuke" / "noise-saver.nk"))
    noise = next(node for node in nuke_session.every_node() if node.Class() == "Noise")
    with pytest.raises(RuntimeError, match="cannot compute nodes of class Noise"):
        noise.channels()


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("Blur {\n sise 5\n}\n", "no such knob 'sise'"),
        ("Blur {\n size\n}\n", "has no value"),
        ("Group {\n}\n Blur {\n }\n", "end_group is missing"),
        ("end_group\n", "without a group"),
        ("push $N5\n", "N5"),
        ("push Nsomething\n", "no such node"),
        ("frobnicate\n", "invalid command name"),
        ("exec ls\n", "invalid command name"),
        ("socket localhost 80\n", "invalid command name"),
        ("Group {\n addUserKnob {99 x}\n}\nend_group\n", "no kind 99"),
        ("Group {\n addUserKnob {7 x z 5}\n}\nend_group\n", "'z' is not known"),
        ("Group {\n addUserKnob {7 x +STARTLIME}\n}\nend_group\n", "STARTLIME"),
        ("Blur {\n size five\n}\nSwitch {\n which {0 1}\n}\n", "does not fit"),
        ("Copy {\n from0 rgba.alfa\n}\n", "names no layer and no channel"),
    ],
)
def test_broken_scripts_are_refused(nuke_session, script, complaint):
    """What a real Nuke would complain of, and what could reach out of a script, is refused in words."""
    with pytest.raises(RuntimeError, match=complaint):
        nuke_session.reader().read(script, nuke_session.root)


def test_inputs_come_from_the_stack(nuke_session):
    """The last node pushed is input 0; masks count behind a plus; `push 0` leaves an input open."""
    nuke_session.reader().read(
        """
Constant {
 inputs 0
 name A
}
set NA [stack 0]
Constant {
 inputs 0
 name B
}
set NB [stack 0]
Constant {
 inputs 0
 name M
}
push $NA
push $NB
Merge2 {
 inputs 2+1
 name Both
}
push $NA
push 0
Merge2 {
 inputs 2
 name OnlyA
}
""",
        nuke_session.root,
    )
    both, only = (nuke_session.nuke.toNode(name) for name in ("Both", "OnlyA"))
    assert [both.input(i).name() for i in range(3)] == ["B", "A", "M"]
    assert (only.input(0), only.input(1).name()) == (None, "A")


def test_every_form_of_a_user_knob_is_read(nuke_session):
    """Tabs, groups of knobs, dividers, buttons, points, boxes, menus, ranges, links: all forms seen in real scripts."""
    definitions = r"""
 addUserKnob {20 tab l "My Tab"}
 addUserKnob {20 begin l Points n 1}
 addUserKnob {12 p l "Point 1" t "a \[tip]"}
 p {{curve x1001 10 20 K x1010 5} {parent.frame*2}}
 addUserKnob {20 "" n -1}
 addUserKnob {26 ""}
 addUserKnob {26 txt l "" +STARTLINE T "<b>html</b>"}
 addUserKnob {22 btn l Run t "tip" T "import x; x.run(nuke.thisNode())" +STARTLINE}
 addUserKnob {15 box}
 box {1 2 {width-3} {height}}
 addUserKnob {4 mode l Mode M {"Final Result" Trimap "" ""}}
 mode Trimap
 addUserKnob {6 flag l x -STARTLINE +INVISIBLE}
 flag true
 addUserKnob {7 v l v R 0 4}
 v 2.5
 addUserKnob {3 i +HIDDEN +DISABLED}
 i 4
 addUserKnob {2 file l File}
 file "\[value parent.dir]/m.%04d.exr"
 addUserKnob {1 str}
 str "say \"hi\" \{\n"
 addUserKnob {41 white l Overlay T Grade1.white}
 addUserKnob {43 multi}
 addUserKnob {68 menu M {a b}}
 addUserKnob {78 arr n 4}
 arr {1 2 3 4}
 addUserKnob {18 colour}
 colour {0.1 0.2 0.3}
 addUserKnob {19 rgba}
 addUserKnob {10 layer}
 layer rgba
 addUserKnob {61 secret}
"""
    nuke_session.reader().read("Group {\n name G\n" + definitions + "}\nend_group\n", nuke_session.root)
    node = nuke_session.nuke.toNode("G")
    assert node["p"].getKeyList() == [1001, 1002, 1010]
    assert node["p"].tooltip() == "a [tip]"
    assert node["p"].hasExpression(1)
    assert node["mode"].values() == ["Final Result", "Trimap"]
    assert node["mode"].value() == "Trimap"
    assert node["box"]._components[2].expression == "width-3"
    assert (node["flag"].value(), node["flag"].visible()) == (True, False)
    assert (node["v"].value(), node["v"].max()) == (2.5, 4)
    assert (node["i"].value(), node["i"].enabled(), node["i"].visible()) == (4, False, False)
    assert node["file"].value() == "[value parent.dir]/m.%04d.exr"
    assert node["str"].value() == 'say "hi" {\n'
    assert node["white"].getLink() == "Grade1.white"
    assert node["arr"].value() == [1, 2, 3, 4]
    assert node["btn"].command() == "import x; x.run(nuke.thisNode())"
    first = everything(nuke_session)
    text = nuke_session.writer().script()
    nuke_session.nuke.scriptClear()
    nuke_session.reader().read(text, nuke_session.root)
    assert everything(nuke_session) == first


def test_what_is_not_to_be_written_is_not(nuke_session):
    """A knob that must not be written keeps its definition and loses its value; a password is never saved."""
    nuke = nuke_session.nuke
    node = nuke.nodes.NoOp()
    for knob in (nuke.String_Knob("kept"), nuke.String_Knob("lost"), nuke.Password_Knob("secret")):
        node.addKnob(knob)
        knob.setValue("value")
    node["lost"].setFlag(nuke.DO_NOT_WRITE)
    text = node.writeKnobs(nuke.TO_SCRIPT | nuke.WRITE_USER_KNOB_DEFS)
    assert "kept value" in text
    assert "lost value" not in text
    assert "secret value" not in text


def test_layers_travel_with_the_script(start_nuke, tmp_path):
    """A layer that a script added is there again when it is opened elsewhere."""
    first = start_nuke()
    first.nuke.Layer("matte", ["matte.hair"])
    first.nuke.scriptSaveAs(str(tmp_path / "a.nk"))
    first.quit()
    second = start_nuke(gui=False)
    assert "matte" not in second.nuke.layers()
    second.nuke.scriptOpen(str(tmp_path / "a.nk"))
    assert second.nuke.Layer("matte").channels() == ["matte.hair"]


def test_opening_and_saving_are_told(nuke_session, tmp_path):
    """Saving calls onScriptSave, which may change what is saved; opening the Root's onCreate, then onScriptLoad."""
    nuke, told = nuke_session.nuke, []
    nuke.addOnScriptSave(lambda: nuke.root()["label"].setValue("saved"))
    for kind in ("OnScriptLoad", "OnScriptClose"):
        getattr(nuke, f"add{kind}")(told.append, (kind,))
    nuke.addOnCreate(told.append, ("OnCreate",), nodeClass="Root")
    path = tmp_path / "a.nk"
    nuke.scriptSaveAs(str(path))
    nuke.scriptOpen(str(path))
    assert told == ["OnScriptClose", "OnCreate", "OnScriptLoad"]
    assert nuke.root()["label"].value() == "saved"
    assert nuke.root().name() == str(path)
    nuke_session.answers.append(False)
    with pytest.raises(RuntimeError, match="exists"):
        nuke.scriptSaveAs(str(path))


def test_closing_a_script_kills_its_nodes(nuke_session):
    """After scriptClear every node of the old script is dead, and the new one is empty."""
    nuke = nuke_session.nuke
    group = nuke.nodes.Group()
    with group:
        inner = nuke.nodes.Blur()
    nuke.scriptClear()
    assert nuke.allNodes() == []
    for node in (group, inner):
        with pytest.raises(ValueError, match="not attached"):
            node.name()


def test_a_gizmo_on_the_path_is_a_node(start_nuke, tmp_path):
    """A `.gizmo` in a plug-in folder is found by its name; one that begins with `Group` is a Group."""
    (tmp_path / "MyMatte.gizmo").write_text("Group {\n name MyMatte1\n}\n Input {\n  inputs 0\n }\nend_group\n")
    nuke = start_nuke(paths=[tmp_path]).nuke
    assert nuke.createNode("MyMatte").Class() == "Group"


def test_a_python_without_tcl_says_what_to_install(monkeypatch):
    """Where Python lacks tkinter, a session says which package brings it."""
    monkeypatch.setattr(tcl, "tkinter", None)
    assert not tcl.there_is_tcl()
    with pytest.raises(RuntimeError, match="python3-tk"), NukeSession():
        pass


NUMBERS = st.floats(-1e7, 1e7)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n\t{}[]"\\$#;%'))


def components(count):
    """Give values, curves and expressions for the components of a knob."""
    keys = st.dictionaries(
        st.integers(900, 1100), st.tuples(NUMBERS, st.sampled_from([0, 1, 2])), min_size=1, max_size=4
    )
    expressions = st.sampled_from(["frame*2", "parent.v + 1", "[value i]+1", "width > 3 ? 1 : 0"])
    return st.lists(NUMBERS | keys | expressions, min_size=count, max_size=count)


def fill(nuke, knob, values):
    """Give a knob's components what `components` gave."""
    for index, value in enumerate(values):
        if isinstance(value, str):
            knob.setExpression(value, index)
        elif isinstance(value, dict):
            knob.setAnimated(index)
            for frame, (number, kind) in value.items():
                knob.setValueAt(number, frame, index)
                curve = knob.animation(index)
                curve.changeInterpolation(list(filter(lambda key, at=frame: key.x == at, curve.keys())), kind)
        else:
            knob.setValue(value, index)
    return nuke


@settings(max_examples=60)
@given(
    point=components(2),
    box=components(4),
    size=components(2),
    text=TEXTS,
    label=TEXTS,
    items=st.lists(TEXTS.filter(bool), min_size=1, max_size=4, unique=True),
    on=st.booleans(),
)
def test_any_node_is_read_back_as_it_was_written(nuke_session, point, box, size, text, label, items, on):
    """Whatever values, curves, expressions and texts a Group and its nodes hold, the saved script brings them back."""
    nuke = nuke_session.nuke
    nuke.scriptClear()
    group = nuke.nodes.Group(name="G", inputs=[])
    with group:
        blur = nuke.nodes.Blur(inputs=[nuke.nodes.Input()])
        nuke.nodes.Output(inputs=[nuke.nodes.Merge2(inputs=[blur, None, blur])])
    knobs = (
        nuke.XY_Knob("p", label),
        nuke.BBox_Knob("b"),
        nuke.String_Knob("s", label),
        nuke.Enumeration_Knob("e", None, items),
        nuke.Boolean_Knob("o", None, on),
        nuke.Text_Knob("t", None, text),
        nuke.Double_Knob("v"),
    )
    for knob in knobs:
        group.addKnob(knob)
    for knob, values in ((group["p"], point), (group["b"], box), (blur["size"], size)):
        fill(nuke, knob, values)
    group["s"].setValue(text)
    group["s"].setTooltip(text)
    group["e"].setValue(items[-1])
    blur["label"].setValue(text)
    first, script = everything(nuke_session), nuke_session.writer().script()
    nuke.scriptClear()
    nuke_session.reader().read(script, nuke_session.root)
    assert everything(nuke_session) == first


@given(TEXTS)
def test_any_text_is_one_word(text):
    """Tcl reads every text back from the word that was written for it."""
    if tcl.there_is_tcl():
        assert tcl.split(tcl.quote(text)) == [text]


@pytest.mark.usefixtures("nuke_session")
def test_definitions_make_the_same_knob_again():
    """A user knob's definition, read again, gives the same definition."""
    for definition in (
        '7 v l "A b" t tip R 0 4 +STARTLINE',
        "20 g n 1",
        "4 m M {a {b c}} +INVISIBLE",
        "22 b l Go T {a b}",
    ):
        knob = user_knobs.make(definition)
        assert user_knobs.make(" ".join(knob._definition()))._definition() == knob._definition()
