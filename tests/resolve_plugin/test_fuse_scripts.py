"""The comp scripts, run as the host runs them: Lua, in a program of its own."""

import numpy as np
import pytest
from fusion_host import PLUGIN, FusionHost
from fusion_scripts import ScriptTool, menu, run_script
from running_engine import pixels

FRAMES = range(1001, 1004)


def script(name, comp):
    """Run a script by its menu entry; gives what it said."""
    return "\n".join(run_script(comp, menu(PLUGIN, name)))


def plate(frame):
    """Give a plate (48, 64, 4) half."""
    found = np.ones((48, 64, 4), np.float16)
    found[..., :3] = pixels(frame)
    return found


@pytest.fixture
def comp(tmp_path):
    """Give a saved comp: plate, our tool with a point, and a Saver behind it."""
    host = FusionHost(FRAMES[0], FRAMES[-1])
    fuse = host.add_tool("Cup")
    comp = host.scripting
    comp.plate, comp.file = plate, str(tmp_path / "shot.comp")
    comp.folders["Scripts:"] = ["/nowhere/Scripts", str(PLUGIN / "Scripts") + "/"]
    media, saver = ScriptTool(comp, "MediaIn", "MediaIn1"), ScriptTool(comp, "Saver", "Saver1")
    comp.tools[:] = [media, saver, *comp.tools]
    tool = comp.FindTool("Cup")
    fuse.connect(plate)
    tool.ConnectInput("Input", media)
    saver.ConnectInput("Input", tool)
    fuse.press("AddPoint")
    fuse["Point1"], fuse["Transfer"], fuse["Wait"], fuse["PostMultiply"] = (20 / 64, 0.5), 1, 60, 0
    return comp


def test_track_selected_tracks(engine, comp):
    """The script starts the tools' own tracks, sends every plate by rendering, and says how it ended."""
    assert script("Track selected", comp) == "Cup: Done: 3 frames have mattes."
    tool = comp.FindTool("Cup").fuse
    assert engine.shot(tool["ShotID"])["mattes"] == list(FRAMES)
    assert tool["Task"] == "", "a frame would do again what a script has asked for"
    engine.delete(tool["ShotID"])


def test_track_selected_notices_changed_plates(engine, comp):
    """Run again after plates have changed upstream, the script tracks them anew, though no viewer shows the tool."""
    tool = comp.FindTool("Cup").fuse
    script("Track selected", comp)
    before = {frame: tool.render(frame).pixels for frame in FRAMES}
    tool.connect(lambda frame: plate(frame + 2))
    assert script("Track selected", comp) == "Cup: Done: 3 frames have mattes."
    for frame in FRAMES:
        rendered = tool.render(frame)
        assert rendered.state == "right"
        assert not np.array_equal(rendered.pixels[..., 3], before[frame][..., 3])
    engine.delete(tool["ShotID"])


def test_track_selected_says_what_is_missing(engine, comp):
    """A tool that cannot be tracked is named with its own words."""
    comp.FindTool("Cup").fuse["Points"] = 0
    assert script("Track selected", comp) == (
        "Cup: Nothing says what to matte. Add a point or a box, or connect a mask."
    )
    comp.tools.remove(comp.FindTool("Cup"))
    assert "There is no MAM2 tool in this comp." in script("Track selected", comp)
    assert [job for job in engine.status()["jobs"] if job["state"] == "running"] == []


FINESSE = {"ThresholdHigh": 0.8, "MatteGamma": 1.4, "MatteContract": -1, "MatteBlur": 2, "InvertMatte": 1}
BAKES = {
    "matte as alpha": {},
    "post-multiplied": {"PostMultiply": 1},
    "the matte as a picture": {"Show": 1},
    "one object as a picture": {"Show": 1, "ShowObject": 2},
    "one object, finessed and post-multiplied": {**FINESSE, "PostMultiply": 1, "ShowObject": 2},
    "a blur that is animated": {"MatteBlur": lambda time: max(0, time - 1002)},
}


@pytest.mark.parametrize("way", BAKES)
def test_a_baked_comp_needs_nothing_of_ours(engine, comp, way):
    """After baking, the Saver's frames are the same without the Fuse and without an engine; undo brings it back."""
    cup = comp.FindTool("Cup")
    cup.fuse.press("AddBox")
    cup.fuse["Box1"], cup.fuse["Box1Object"] = (0.5, 0.5), 2
    script("Track selected", comp)
    for name, value in BAKES[way].items():
        cup.fuse[name] = value
    saver = comp.FindTool("Saver1")
    live = {frame: saver.pixels(frame) for frame in FRAMES}
    said = script("Bake to Loader", comp)
    assert "Cup: 3 mattes in " in said
    engine.delete(cup.fuse["ShotID"])
    comp.tools.remove(cup)
    assert all(tool.kind != "Fuse.MAM2" and not tool.ignored for tool in comp.tools)
    premultiplied = (
        BAKES[way].get("PostMultiply") == 1
    )  # the stand-in's tools multiply in float, ours in the plate's half
    for frame in FRAMES:
        assert np.allclose(saver.pixels(frame), live[frame], rtol=0, atol=2e-3 if premultiplied else 0)
    comp.tools.insert(2, cup)
    comp.undo()
    assert saver.sources["Input"] is cup


def test_the_artist_chooses_where_a_bake_goes(engine, comp, tmp_path):
    """A comp of Resolve has no file: its mattes go into the folder that the tool names."""
    script("Track selected", comp)
    comp.file = ""
    assert "Choose a Bake folder on the Matte page" in script("Bake to Loader", comp)
    comp.FindTool("Cup").fuse["BakeFolder"] = str(tmp_path / "a b" / "mattes")
    assert "Cup: 3 mattes in " in script("Bake to Loader", comp)
    assert len(list((tmp_path / "a b" / "mattes" / "Cup").glob("Cup.*.exr"))) == len(FRAMES)
    engine.delete(comp.FindTool("Cup").fuse["ShotID"])


def test_a_bake_says_what_it_cannot_show(engine, comp, tmp_path):
    """An overlay, a tool that shows a bake already and a file that cannot be written are refused; nothing is wired."""
    script("Track selected", comp)
    cup, before = comp.FindTool("Cup"), len(comp.tools)
    cup.fuse["Show"] = 2
    assert "Choose another Output and bake again" in script("Bake to Loader", comp)
    cup.fuse["Show"], cup.fuse["MattesFrom"] = 0, 1
    assert "Set 'Mattes from' to the engine" in script("Bake to Loader", comp)
    cup.fuse["MattesFrom"] = 0
    in_the_way = tmp_path / "mam2_mattes" / "Cup" / "Cup.1002.exr"
    in_the_way.mkdir(parents=True)
    assert "Cup.1002.exr cannot be written" in script("Bake to Loader", comp)
    assert len(comp.tools) == before
    engine.delete(cup.fuse["ShotID"])


def test_a_bake_is_whole_or_not_at_all(engine, comp, tmp_path):
    """With a frame untracked nothing is written or wired, and the frames are named."""
    script("Track selected", comp)
    before = len(comp.tools)
    comp.host.comp.last = FRAMES[-1] + 2
    assert "has no matte that is right for 2 frames, the first is 1004" in script("Bake to Loader", comp)
    assert len(comp.tools) == before
    assert not (tmp_path / "mam2_mattes").exists()
    engine.delete(comp.FindTool("Cup").fuse["ShotID"])


def test_the_engines_status_is_shown(engine, comp, monkeypatch):
    """The status names the engine, its device and its store; without an engine it says what starts one."""
    said = script("Engine status", comp)
    status = engine.status()
    assert f"MAM2 engine {status['version']}, process {status['pid']}" in said
    assert status["store"] in said
    monkeypatch.setenv("MAM2_RUNTIME", "/nowhere")
    assert "not running" in script("Engine status", comp)
