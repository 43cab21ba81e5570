"""The graph of the stand-in for Nuke: nodes, groups, callbacks, undo, copy and paste."""

from __future__ import annotations

import pytest


@pytest.fixture
def nuke(nuke_session):
    """The module."""
    return nuke_session.nuke


def test_new_nodes_are_selected_and_connected(nuke):
    """A new node of createNode connects to what was selected and is selected; nuke.nodes does neither."""
    plate = nuke.createNode("Constant", "color {1 0 0 1}")
    blur = nuke.createNode("Blur", inpanel=False)
    assert plate["color"].value() == [1, 0, 0, 1]
    assert blur.input(0) is plate
    assert nuke.selectedNodes() == [blur]
    assert nuke.nodes.Blur().input(0) is None
    assert nuke.selectedNode() is blur


def test_names_stay_unique(nuke):
    """A second node of a class gets the next number, a taken name another one."""
    names = [nuke.nodes.Merge2().name() for _ in range(3)]
    assert names == ["Merge1", "Merge2", "Merge3"]
    other = nuke.nodes.Blur()
    other.setName("Merge1")
    assert other.name() == "Merge4"
    assert nuke.toNode("Merge4") is other


def test_unknown_classes_are_refused(nuke):
    """A class that Nuke has not is no node."""
    with pytest.raises(RuntimeError, match="Unknown command"):
        nuke.createNode("Blurr")
    with pytest.raises(AttributeError):
        nuke.nodes.Blurr()


def test_there_are_no_circles(nuke):
    """A node cannot feed itself, nor another group's node."""
    first = nuke.nodes.Blur()
    second = nuke.nodes.Blur(inputs=[first])
    group = nuke.nodes.Group()
    with group:
        inner = nuke.nodes.Blur()
    assert not first.setInput(0, second)
    assert not inner.setInput(0, first)
    assert not first.setInput(2, None)


def test_groups_are_places(nuke):
    """Within a Group names, new nodes and lists are the Group's; outside they are the script's."""
    group = nuke.nodes.Group(name="Matte")
    with group:
        inner = nuke.createNode("Input", inpanel=False)
        assert nuke.thisGroup() is group
        assert nuke.allNodes() == [inner]
        assert nuke.toNode("Input1") is inner
    assert nuke.toNode("Input1") is None
    assert nuke.toNode("Matte.Input1") is inner
    assert group.node("Input1") is inner
    assert inner.fullName() == "Matte.Input1"
    assert inner.parent() is group
    assert nuke.allNodes("Input") == []
    assert nuke.allNodes("Input", recurseGroups=True) == [inner]
    assert group.canSetInput(0, nuke.nodes.Constant())
    assert not group.canSetInput(1, nuke.nodes.Constant())


def test_creation_is_told_from_inside_out(nuke_session, nuke):
    """When a Group comes in, inner nodes' onCreate runs before the Group's, the knob's code before added functions."""
    told = []
    nuke.addOnCreate(lambda: told.append(("*", nuke.thisNode().fullName())))
    nuke.addOnCreate(lambda: told.append(("Group", nuke.thisNode().fullName())), nodeClass="Group")
    nuke_session.main_namespace["told"] = told
    nuke_session.clipboard = (
        "Group {\n name G\n onCreate \"told.append(('knob', nuke.thisNode().name()))\"\n}\n"
        " Input {\n  inputs 0\n  name In\n }\n Output {\n  name Out\n }\nend_group\n"
    )
    nuke.nodePaste("%clipboard%")
    assert told == [("*", "G.In"), ("*", "G.Out"), ("knob", "G"), ("Group", "G"), ("*", "G")]


@pytest.mark.parametrize(("gui", "expected"), [(True, ["user", "create", "create"]), (False, ["create", "create"])])
def test_user_creation_is_told_in_the_interface_alone(start_nuke, gui, expected):
    """Before onCreate, createNode calls onUserCreate where there is a user interface; nuke.nodes never does."""
    nuke = start_nuke(gui=gui).nuke
    told = []
    nuke.addOnUserCreate(told.append, ("user",))
    nuke.addOnCreate(told.append, ("create",))
    nuke.createNode("Blur")
    nuke.nodes.Blur()
    assert told == expected


def test_destruction_is_told_from_outside_in(nuke):
    """A Group's onDestroy runs before its children's."""
    group = nuke.nodes.Group(name="G")
    with group:
        nuke.nodes.Blur(name="B")
    told = []
    nuke.addOnDestroy(lambda: told.append(nuke.thisNode().fullName()))
    nuke.delete(group)
    assert told == ["G", "G.B"]


def test_callbacks_are_added_once_and_removed(nuke):
    """A function that is added twice runs once; removed, it does not run; one that is no function is refused."""
    told = []
    nuke.addOnCreate(told.append, (1,))
    nuke.addOnCreate(told.append, (1,))
    nuke.nodes.Blur()
    nuke.removeOnCreate(told.append, (1,))
    nuke.nodes.Blur()
    assert told == [1]
    with pytest.raises(ValueError, match="callable"):
        nuke.addOnCreate("not me")


def test_knob_changes_are_told_with_the_panel_open(nuke_session, nuke):
    """While the panel is open knobChanged runs, for showPanel and inputChange too, and not from within itself."""
    node, plate, told = nuke.nodes.Blur(), nuke.nodes.Constant(), []

    def changed():
        told.append(nuke.thisKnob().name())
        node["label"].setValue(str(len(told)))

    nuke.addKnobChanged(changed, nodeClass="Blur")
    node["size"].setValue(5)
    assert told == []
    node.showControlPanel()
    node["size"].setValue(6)
    node["size"].setValue(6)
    node.setInput(0, plate)
    assert told == ["showPanel", "size", "inputChange"]
    node.hideControlPanel()
    nuke_session.type_into(node["size"], 7)
    assert told == ["showPanel", "size", "inputChange", "showPanel", "size"]


def test_later_versions_tell_every_knob_change(start_nuke):
    """From Nuke 17.1 on knobChanged runs with the panel closed too."""
    nuke = start_nuke(version="17.1v2").nuke
    told = []
    nuke.addKnobChanged(lambda: told.append(nuke.thisKnob().name()))
    nuke.nodes.Blur()["size"].setValue(5)
    assert "size" in told


def test_changes_are_told_when_nuke_is_idle(nuke_session, nuke):
    """Once the event loop runs a changed node gets updateUI, its panel being closed, and then its label."""
    told, node = [], nuke.nodes.Blur()
    nuke.addUpdateUI(lambda: told.append(nuke.thisNode().name()))
    nuke.addAutolabel(lambda: "never asked")
    nuke.addAutolabel(lambda: told.append("label") or "soft")
    node["size"].setValue(3)
    assert told == []
    nuke_session.pump(0.01)
    nuke_session.pump(0.01)
    assert told == ["Blur1", "label"]


def test_a_traceback_in_a_callback_is_seen(nuke_session, nuke):
    """An exception in onCreate leaves the node there, and its traceback where a test finds it."""
    nuke.addOnCreate(lambda: 1 / 0)
    assert nuke.nodes.Blur() is nuke.toNode("Blur1")
    assert "ZeroDivisionError" in nuke_session.tracebacks.pop()


def test_copies_bring_their_values(nuke):
    """A pasted node has another name and the same values on its user knobs, those that should be unique too."""
    group = nuke.nodes.Group(name="Matte")
    group.addKnob(nuke.String_Knob("uuid"))
    group["uuid"].setValue("abc [1] {x}")
    group.selectOnly()
    nuke.nodeCopy("%clipboard%")
    told = []
    nuke.addOnCreate(lambda: told.append(nuke.thisNode()["uuid"].value()), nodeClass="Group")
    copy = nuke.nodePaste("%clipboard%")
    assert copy.name() == "Matte1"
    assert copy["uuid"].value() == "abc [1] {x}"
    assert told == ["abc [1] {x}"]
    assert nuke.selectedNodes() == [copy]
    nuke.undo()
    assert nuke.toNode("Matte1") is None


def test_undoing_a_delete_makes_a_new_node(nuke):
    """What undo brings back has its knobs, children and connections, ran onCreate, and is another object."""
    plate = nuke.nodes.Constant()
    group = nuke.nodes.Group(name="G")
    with group:
        nuke.nodes.Output(inputs=[nuke.nodes.Input()])
    group.setInput(0, plate)
    after = nuke.nodes.Blur(inputs=[group])
    group.addKnob(nuke.XY_Knob("p"))
    group["p"].setExpression("frame", 1)
    told = []
    nuke.addOnCreate(lambda: told.append(nuke.thisNode().name()))
    nuke.delete(group)
    assert after.input(0) is None
    nuke.undo()
    back = nuke.toNode("G")
    assert back is not group
    assert told == ["Input1", "Output1", "G"]
    assert (after.input(0), back.input(0)) == (back, plate)
    assert back["p"].valueAt(7, 1) == 7
    assert back.output().input(0) is back.node("Input1")
    nuke.redo()
    assert nuke.toNode("G") is None


def test_undoing_a_creation_takes_the_node_away(nuke):
    """Undo after createNode deletes the node, redo makes it again."""
    nuke.createNode("Blur")
    nuke.undo()
    assert nuke.toNode("Blur1") is None
    nuke.redo()
    assert nuke.toNode("Blur1") is not None


def test_renaming_and_connecting_can_be_undone(nuke):
    """A name and a connection go back to what they were."""
    plate, node = nuke.nodes.Constant(), nuke.nodes.Blur()
    node.setInput(0, plate)
    node["name"].setValue("Soft")
    assert nuke.toNode("Soft") is node
    nuke.undo()
    nuke.undo()
    assert (node.name(), node.input(0)) == ("Blur1", None)


def test_a_button_runs_in_its_groups_place(nuke_session, nuke):
    """A button's code sees its node, its knob, and within a Group the Group's nodes."""
    group = nuke.nodes.Group(name="G")
    with group:
        nuke.nodes.Blur(name="Inner")
    seen = nuke_session.main_namespace["seen"] = []
    code = "seen.append((nuke.thisNode().name(), nuke.thisKnob().name(), nuke.toNode('Inner') is not None))"
    group.addKnob(nuke.PyScript_Knob("go", "Go", code))
    group["go"].execute()
    assert seen == [("G", "go", True)]
    assert nuke.thisNode() is nuke.root()


def test_hashes_change_with_the_picture_alone(nuke):
    """Values upstream, connections and the frame of an animation change opHashes; names and places do not."""
    plate = nuke.nodes.Constant()
    group = nuke.nodes.Group()
    with group:
        nuke.nodes.Output(inputs=[nuke.nodes.Blur(inputs=[nuke.nodes.Input()])])
    group.setInput(0, plate)
    before = group.opHashes()
    plate.setName("Other")
    plate.setXYpos(4, 4)
    assert group.opHashes() == before
    plate["color"].setValue(0.5, 0)
    changed = group.opHashes()
    assert changed != before
    plate["color"].setExpression("frame", 0)
    nuke.frame(2)
    second = group.opHashes()
    nuke.frame(3)
    assert group.opHashes() != second


def test_the_script_knows_that_it_changed(nuke, tmp_path):
    """An edit marks the script as modified, saving it does the opposite."""
    nuke.nodes.Blur()
    assert nuke.modified()
    nuke.scriptSaveAs(str(tmp_path / "a.nk"))
    assert not nuke.modified()
    nuke.toNode("Blur1")["size"].setValue(4)
    assert nuke.root().modified()


def test_menus_hold_commands(nuke_session, nuke):
    """A command in a menu is found by its path and can be chosen; a menu that is not there is None."""
    chosen = nuke_session.main_namespace["chosen"] = []
    menu = nuke.menu("Nodes").addMenu("MAM2", icon="mam2.png")
    menu.addCommand("Matte", "chosen.append('text')")
    menu.addCommand("More/Bake", lambda: chosen.append("call"))
    nuke.menu("Nodes").findItem("MAM2/Matte").invoke()
    nuke.menu("Nodes").findItem("MAM2/More/Bake").invoke()
    assert chosen == ["text", "call"]
    assert nuke.menu("Nodes").findItem("MAM2/Less") is None
    assert nuke.menu("Nowhere") is None


def test_frame_ranges_are_read(nuke):
    """Ranges come from numbers and from text, with steps, and give their frames."""
    assert list(nuke.FrameRange("1001-1007x3")) == [1001, 1004, 1007]
    assert nuke.FrameRange(3, 5, 1).frames() == 3
    ranges = nuke.FrameRanges("1-3 10 20-24x2")
    assert ranges.toFrameList() == [1, 2, 3, 10, 20, 22, 24]
    assert str(ranges) == "1-3 10 20-24x2"
    with pytest.raises(ValueError, match="no frame range"):
        nuke.FrameRange("soon")
