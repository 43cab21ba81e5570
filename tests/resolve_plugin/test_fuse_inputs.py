"""What an artist sets is read, reaches the engine, and is still there when a comp is opened again."""

import json
from pathlib import Path

import numpy as np
import pytest
from fusion_host import FusionHost
from hypothesis import given
from hypothesis import strategies as st
from setting_file import read_setting, stored_inputs
from wire import SHOT, answer, serving

GOLDEN = Path(__file__).parent / "golden.comp"

# What each control does to the request, the result or the tool itself; a control that is not here fails the test below.
REQUEST = {
    "Range": 1,
    "Model": 1,
    "Quality": 1,
    "Corrections": 1,
    "Transfer": 2,
    "Direction": 0,
}
WITH = {  # controls that only count when another stands so
    "FirstFrame": ({"Range": 1, "LastFrame": 1010}, 900),
    "LastFrame": ({"Range": 1, "FirstFrame": 1000}, 1010),
    "ColourSpace": ({"Transfer": 3}, "ACEScg"),
}
RESULT = {
    "Show": 2,
    "PostMultiply": 0,
    "ShowObject": 1,
    "ThresholdLow": 0.4,
    "ThresholdHigh": 0.6,
    "MatteGamma": 3,
    "MatteContract": 2,
    "MatteBlur": 3,
    "InvertMatte": 1,
}
ELSEWHERE = {  # other tests hold these to their word
    *("Input", "PromptMask", "BakedMatte", "GarbageMatte", "SolidMatte", "InvertGarbageMatte", "InvertSolidMatte"),
    *("Status", "Preview", "TrackBoth", "TrackForward", "TrackBackward", "Stop", "Clear"),
    *("MaskFrame", "MaskEvery", "MaskObject", "PromptMaskFrom", "MattesFrom", "Missing", "Wait", "ShowState"),
    *("SelfTest", "SelfTestRun", "ShotID", "ShotOwner", "Command", "Task", "Pulse", "PreviewFrame", "BakeFolder"),
}


@pytest.fixture(autouse=True)
def _own_runtime(tmp_path, monkeypatch):
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path / "run"))


def new_tool(**values):
    """Give a tool with a point, and with what a comp stores."""
    tool = FusionHost().add_tool()
    tool.connect(lambda _: np.ones((48, 64, 4), np.float32))
    for kind in ("Point", "NotPoint", "Box"):
        tool.press("Add" + kind)
    for name, value in values.items():
        tool[name] = value
    return tool


def body_of(tool):
    """Give the request that the controls make."""
    read = tool.host.lua.eval("""function(owner, comp)
        local size = { width = 64, height = 48 }
        return require('mam2.json').encode(require('mam2.request').read(owner.env.Inputs, 1001, size, owner.Comp))
    end""")
    return json.loads(read(tool.owner, None))


def names(tool):
    """Give the identifiers of all inputs, in order."""
    return list(tool.owner.order.values())


def slots():
    """Give the identifiers of all prompt slots' inputs."""
    tool = FusionHost().add_tool()
    return [name for name in names(tool) if name.startswith(("Point", "NotPoint", "Box", "Add", "Remove"))]


def test_no_input_is_without_a_meaning():
    """Every declared input is in one of the lists above, or belongs to a prompt slot."""
    known = {*REQUEST, *WITH, *RESULT, *ELSEWHERE, *slots()}
    assert set(names(FusionHost().add_tool())) == known


@pytest.mark.parametrize("name", sorted({*REQUEST, *WITH}))
def test_a_setting_reaches_the_request(name):
    """Changing a setting changes what the engine is asked."""
    others, value = WITH.get(name, ({}, REQUEST.get(name)))
    tool = new_tool(**others)
    before = body_of(tool)
    tool[name] = value
    assert body_of(tool) != before


@pytest.mark.parametrize("kind", ["Point", "NotPoint", "Box"])
def test_every_slot_reaches_the_request(kind):
    """Each slot can be taken into use, and each of its parts changes the request."""
    tool = new_tool()
    most = {"Point": 12, "NotPoint": 8, "Box": 4}[kind]
    for _ in range(most):
        tool.press("Add" + kind)
    assert tool[{"Point": "Points", "NotPoint": "NotPoints", "Box": "Boxes"}[kind]] == most
    parts = {"": (0.1, 0.9), "Frame": 1003, "Every": 1, "Object": 3}
    if kind == "Box":
        parts.update(Width=0.11, Height=0.13)
    for index in range(1, most + 1):
        for part, value in parts.items():
            before = body_of(tool)
            tool[f"{kind}{index}{part}"] = value
            assert body_of(tool) != before, (index, part)


@pytest.mark.parametrize("name", sorted(RESULT))
def test_a_matte_setting_reaches_the_result(name):
    """Changing a control of the matte changes the picture."""
    tool = new_tool()
    alpha = np.random.default_rng(1).random((48, 64)).astype(np.float16)
    other = (1 - alpha).astype(np.float16)

    def reply(line):
        if "/mattes/" not in line:
            return answer({**SHOT, "shot": "x"})
        chosen = other if "object1.alpha" in line else alpha
        return answer(chosen.tobytes(), more="X-Mam2-Shape: 48,64,1\r\n")

    with serving(reply):
        before = tool.render(1001).pixels
        tool[name] = RESULT[name]
        assert not np.array_equal(tool.render(1001).pixels, before)


def test_slots_show_and_hide():
    """Adding a point shows its controls on the current frame, removing the last hides them again."""
    tool = FusionHost().add_tool()

    def shown(name):
        changed = tool.host.world.input(tool.owner, name).changed
        assert changed.IC_Visible == changed.PC_Visible  # in the Inspector and in the viewer alike
        header = tool.host.world.strict.inside(tool.owner.headers[name + "Nest"])
        assert header.changed.IC_Visible == changed.IC_Visible, "an empty header is left"
        return changed.IC_Visible

    assert not shown("Point1")
    tool.press("AddPoint", 1003)
    assert (shown("Point1"), shown("Point2"), tool["Point1Frame"]) == (True, False, 1003)
    tool.press("RemovePoint")
    assert (shown("Point1"), tool["Points"]) == (False, 0)
    tool.press("RemovePoint")
    assert tool["Points"] == 0


def test_positive_and_negative_look_different():
    """Points on the object and points that are not it have different crosses, and boxes are rectangles."""
    tool = FusionHost().add_tool()
    attributes = {name: tool.host.world.input(tool.owner, name).attributes for name in ("Point1", "NotPoint1")}
    assert attributes["Point1"].CHC_Style != attributes["NotPoint1"].CHC_Style
    assert tool.host.world.input(tool.owner, "Box1Width").attributes.INPID_PreviewControl == "RectangleControl"
    assert tool.host.world.input(tool.owner, "Box1Width").changed.RCP_Center is not None


SIDES, SHARES = st.integers(1, 8192), st.floats(0, 1, allow_subnormal=False)


@given(SIDES, SIDES, SHARES, SHARES)
def test_places_are_pixels(width, height, x, y):
    """Fusion's place, 0 to 1 from the bottom left, is the engine's pixel from the top left to a thousandth."""
    px, py = PROMPTS.to_pixels(x, y, width, height)
    assert 0 <= px <= width
    assert 0 <= py <= height
    assert abs(px - x * width) <= 0.001
    assert abs(height - py - y * height) <= 0.001


PROMPTS = FusionHost().module("mam2.prompts")


def test_the_corners_are_the_corners():
    """Fusion's bottom left is the plate's last row, and its top right the first row's end."""
    assert PROMPTS.to_pixels(0, 0, 64, 48) == (0, 48)
    assert PROMPTS.to_pixels(1, 1, 64, 48) == (64, 0)


def test_a_tracked_point_that_leaves_is_not_sampled_there():
    """Where a tracked point is outside the picture it is left out; on its own frame the engine is to say so."""
    tool = new_tool(Point1Every=1, NotPoints=0, Boxes=0)
    tool["Point1"] = lambda time: (0.5 + (time - 1001) * 0.3, 0.5)
    (thing,) = body_of(tool)["objects"]
    assert [prompt["frame"] for prompt in thing["prompts"]] == [1001, 1002]
    tool["Point1"] = (1.5, 0.5)
    assert [prompt["x"] for prompt in body_of(tool)["objects"][0]["prompts"]] == [96]


def test_a_box_is_cut_at_the_edge():
    """A box that reaches beyond the plate means the part that is on it."""
    tool = new_tool(Points=0, NotPoints=0, Box1=(0, 1), Box1Width=0.5, Box1Height=0.5)
    assert body_of(tool)["objects"][0]["prompts"][0]["box"] == [0, 0, 16, 12]


def test_an_old_comp_still_loads():
    """Every input that a released version stored is still there, with the meaning that its value had."""
    golden = json.loads(GOLDEN.with_name("golden_inputs.json").read_text())
    host = FusionHost()
    stored = stored_inputs(read_setting(host, GOLDEN.read_text()).Tools.MAM2_1)
    tool = host.add_tool(values=stored)
    declared = {name: tool.host.world.input(tool.owner, name).attributes for name in names(tool)}
    for name, known in golden["inputs"].items():
        assert declared[name].LINKID_DataType == known["type"], name
        indices = sorted(key for key in declared[name] if isinstance(key, int))  # Lua gives keys in any order
        entries = [declared[name][index].CCS_AddString for index in indices]
        assert entries[: len(known["entries"])] == known["entries"], name
    tool.connect(lambda _: np.ones((48, 64, 4), np.float32))
    assert body_of(tool) == golden["request"]
    kept = {name: tool[name] for name in stored if name not in ("Point1", "ShotOwner")}
    assert kept == {name: stored[name] for name in kept}


def test_a_copy_gets_a_shot_of_its_own():
    """A pasted tool does not change the prompts of the one that it was copied from; a renamed one keeps its mattes."""
    host = FusionHost()
    first = host.add_tool("MAM2_1")
    stored = {"ShotID": first["ShotID"], "ShotOwner": "MAM2_1"}
    assert host.add_tool("MAM2_1_1", values=stored)["ShotID"] != first["ShotID"]
    other = FusionHost()
    assert other.add_tool("Smoke", values=stored)["ShotID"] == first["ShotID"]
    assert other.add_tool("MAM2_9", values={})["ShotID"] != first["ShotID"]


@pytest.mark.parametrize(("moved", "place"), [("Point1", (0.2, 0.3)), ("NotPoint1", (0.2, 0.3)), ("Box1Width", 0.4)])
def test_a_prompt_belongs_to_the_frame_where_it_is_moved(moved, place):
    """A cross or a box that is dragged on another frame is a prompt of that frame, and its label says so."""
    tool = new_tool()
    slot = moved.replace("Width", "")
    assert tool[slot + "Frame"] == 1001
    tool.drag(moved, place, 1030)
    assert tool[slot + "Frame"] == 1030
    assert tool.host.world.labels_of(tool.owner)[slot].endswith("1, frame 1030")


def test_a_tracked_point_keeps_its_frame():
    """A point that has a place on every frame is not moved to another frame by being looked at."""
    tool = new_tool()
    tool.drag("Point1", lambda _: (0.4, 0.5), 1030)
    assert tool["Point1Frame"] == 1001


def test_a_slot_can_be_set_to_this_frame():
    """The button beside a slot's frame takes the frame that is shown."""
    tool = new_tool()
    tool.press("Box1Here", 1003)
    assert tool["Box1Frame"] == 1003


def test_prompts_and_track_are_on_one_page():
    """From a new tool to a matte nobody changes the page: adding, moving and tracking stand together."""
    tool = FusionHost().add_tool()
    pages = {name: tool.host.world.input(tool.owner, name).page for name in names(tool)}
    for name in ("Status", "AddPoint", "Point1", "Point1Frame", "Preview", "TrackBoth", "Stop", "Transfer"):
        assert pages[name] == "Controls", name


def test_words_of_the_tool_leave_the_document_alone():
    """What the tool says is no change of the comp, drops nothing that is kept, and is said in a render too."""
    tool = new_tool()
    tool.host.world.modified, tool.host.comp.rendering = 0, True
    tool.owner.kept["mark"] = "kept"
    tool.press("TrackBoth")
    assert tool["Status"] == "Tracking."
    assert tool.host.world.modified == 0
    assert tool.owner.kept["mark"] == "kept"
