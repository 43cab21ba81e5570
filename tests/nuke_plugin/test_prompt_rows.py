"""What an artist sees of prompts: rows that come and go, handles where they are wanted, frames to go to."""

import subprocess
import sys

import pytest
from comp import FIRST, LAST, SIZE, Comp

PARTS = ("on", "kind", "object", "frame", "remove", "xy", "box")
POINT = {"on", "kind", "object", "frame", "remove", "xy"}


@pytest.fixture
def comp(artist, tmp_path, monkeypatch):
    """Give a comp in a window; no engine is started."""
    monkeypatch.setenv("MAM2_ENGINE", "never")
    return Comp(artist, tmp_path)


def _seen(node):
    """Give the parts of prompts' rows that an artist sees, by row."""
    rows = {}
    for name, knob in node.knobs().items():
        if name[:1] == "p" and name[1:3].isdigit() and knob.visible():
            rows.setdefault(int(name[1:3]), set()).add(name[4:])
    return rows


def _reopened(comp):
    script = str(comp.folder / "shot.nk")
    comp.nuke.scriptSaveAs(script, 1)
    comp.nuke.scriptOpen(script)
    return comp.nuke.toNode("MAM2")


def test_a_point_makes_its_row_visible_and_no_other(comp):
    """After '+ point' the row's knobs are seen, a box's place and every note of the plug-in's own are not."""
    assert _seen(comp.node) == {}
    comp.add_point(FIRST, 20, 30)
    comp.add_point(FIRST, 5, 5, kind="negative")
    assert _seen(comp.node) == {1: POINT, 2: POINT}
    assert [comp.node[f"p0{row}_xy"].label() for row in (1, 2)] == ["+1 subject", "-2 subject"]
    assert not [name for name in ("uid", "result", "mam2", "rendering") if comp.node[name].visible()]


def test_a_row_is_the_same_after_save_and_reopen(comp):
    """Kind swaps point and box; a saved script opens with the rows as they were, and with those that are used alone."""
    comp.add_point(FIRST, 20, 30)
    comp.session.type_into(comp.node["p01_kind"], "box")
    assert _seen(comp.node) == {1: POINT - {"xy"} | {"box"}}
    comp.add_point(FIRST, 5, 5)
    node = _reopened(comp)
    assert _seen(node) == {1: POINT - {"xy"} | {"box"}, 2: POINT}
    assert node.knob("p03_used") is None
    comp.session.type_into(node["p01_kind"], "positive")
    assert _seen(node)[1] == POINT
    assert [node["p02_xy"].value(index) for index in (0, 1)] == [5, 5]
    assert node["gamma"].defaultValue() == 1  # where a reset goes: a script's text alone would have it go to 0


def test_a_removed_row_is_hidden_and_comes_back_by_undo(comp):
    """'remove' hides the row, an undo shows it again, and the next point takes a row that is free."""
    comp.add_point(FIRST, 20, 30)
    comp.add_point(FIRST, 5, 5)
    comp.node["p01_remove"].execute()
    assert _seen(comp.node) == {2: POINT}
    comp.nuke.undo()
    comp.settle()
    assert _seen(comp.node) == {1: POINT, 2: POINT}
    comp.nuke.redo()
    comp.settle()
    assert _seen(_reopened(comp)) == {2: POINT}


def test_a_node_is_small_in_a_script(comp):
    """A node with one point takes less than 20 kB and 80 definitions of knobs in a script."""
    comp.add_point(FIRST, 20, 30)
    _reopened(comp)
    text = (comp.folder / "shot.nk").read_text()
    assert (len(text) < 20_000, text.count("addUserKnob") < 80) == (True, True), (len(text), text.count("addUserKnob"))


def test_a_point_appears_where_the_viewer_was_sampled(comp):
    """Ctrl+click places the next point, a region the next box; what placed one prompt does not place another."""
    viewer = comp.nuke.nodes.Viewer(inputs=[comp.read])
    comp.session.viewer = viewer
    width, height = SIZE

    def sample(x, y, r, t):
        middle = width / 2, height / 2
        for index, value in enumerate((x, y, r, t)):
            viewer["colour_sample_bbox"].setValue((value - middle[index % 2]) / (width / 2), index)

    sample(20, 30, 21, 31)
    comp.node["add_positive"].execute()
    assert [comp.node["p01_xy"].value(index) for index in (0, 1)] == pytest.approx([20.5, 30.5])
    sample(8, 10, 28, 40)
    comp.node["add_box"].execute()
    assert [comp.node["p02_box"].value(index) for index in range(4)] == pytest.approx([8, 10, 28, 40])
    comp.node["add_positive"].execute()
    assert [comp.node["p03_xy"].value(index) for index in (0, 1)] == [width / 2, height / 2]


def test_prompted_frames_are_gone_to_and_moved_together(comp):
    """The buttons go from prompted frame to prompted frame; 'move here' takes all prompts of the nearest along."""
    for frame in (1002, 1002, 1009):
        comp.add_point(frame, 20, 30)
    comp.nuke.frame(1005)
    for button, frame in (("next_prompt", 1009), ("previous_prompt", 1002)):
        comp.node[button].execute()
        assert comp.nuke.frame() == frame
    comp.node["previous_prompt"].execute()
    assert comp.status.startswith("There is no previous frame with a prompt.")
    comp.nuke.frame(1004)
    comp.node["move_prompts"].execute()
    assert [comp.node[f"p0{row}_frame"].value() for row in (1, 2, 3)] == [1004, 1004, 1009]


def test_mask_frames_may_be_ranges(comp):
    """Frames of the mask input are numbers and ranges with a step."""
    from mam2_nuke.request import read_requests

    comp.node.setInput(1, comp.read)
    comp.node["mask_on"].setValue(True)
    comp.node["mask_frames"].setValue(f"{FIRST}-{LAST}x5, {LAST}")
    assert read_requests(comp.node)[0].mask_frames == (1001, 1006, 1011, 1012)


_FRESH = """
import sys
from hosts.nuke import NukeSession
with NukeSession(paths=[sys.argv[1]]) as session:
    assert not [name for name in sys.modules if name.startswith("mam2_nuke.panel.widget")]
    made = session.open_panel("mam2.Panel")
    assert isinstance(made, type) and made.__name__ == "Panel", made
"""


def test_the_panels_text_is_a_class_wherever_it_is_evaluated(repository):
    """After menu.py alone, in a fresh interpreter, Nuke's way of evaluating the registered text gives the widget."""
    pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError)
    done = subprocess.run(
        [sys.executable, "-c", _FRESH, str(repository / "nuke_plugin")],
        cwd=repository / "tests",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_what_breaks_a_guard_is_one_sentence(artist, tmp_path, monkeypatch):
    """An older Python that cannot import the plug-in is told once in the terminal; no callback leaves a traceback."""
    from mam2_nuke.group import group_text

    monkeypatch.setitem(sys.modules, "mam2_nuke.callbacks", None)
    monkeypatch.setitem(sys.modules, "mam2_nuke.buttons", None)
    script = tmp_path / "node.nk"
    script.write_text(group_text())
    for _ in range(2):
        node = artist.nuke.nodePaste(str(script))
        artist.type_into(node["blur"], 2.0)
        artist.pump(0.02)
    assert len([line for line in artist.prints if line.startswith("MAM2 is not available here: ")]) == 1
    node["track_forward"].execute()
    assert len([line for line in artist.messages if line.startswith("MAM2 is not available here: ")]) == 1


def test_nuke_indie_is_met_with_a_sentence(start_nuke, tmp_path, repository, monkeypatch):
    """Where Python is given no more nodes, the status says so and what to do."""
    monkeypatch.setenv("MAM2_ENGINE", "never")
    session = start_nuke(paths=[repository / "nuke_plugin"], indie=True)
    comp = Comp(session, tmp_path)
    session.given += [session.nuke.nodes.Dot() for _ in range(10)]
    comp.node["clear"].execute()
    assert "Nuke gives no node 'MatteRead' inside MAM2. This edition of Nuke lets Python have ten nodes" in comp.status
