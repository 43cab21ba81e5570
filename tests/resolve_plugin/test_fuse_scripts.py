"""The comp scripts, run as the host runs them."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from fusion_host import PLUGIN, FusionHost
from running_engine import pixels
from script_comp import ScriptComp, ScriptTool

SCRIPTS = PLUGIN / "Scripts" / "Comp" / "MAM2"
FRAMES = range(1001, 1004)


class Scripting:
    """The host's own object, of which the scripts use one method."""

    def MapPath(self, path):  # noqa: N802 - the host's name
        """Give the folders behind a name."""
        assert path == "Scripts:"
        return f"/nowhere/Scripts;{PLUGIN / 'Scripts'}"


@pytest.fixture
def script(monkeypatch, capsys):
    """Give a function that runs a script by its menu entry and gives what it said."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(name, comp, **more):
        code = compile((SCRIPTS / f"{name}.py").read_text(), name, "exec")
        exec(code, {"fusion": Scripting(), "comp": comp, **more})  # noqa: S102 - as the host does
        return capsys.readouterr().out

    yield run
    for name in [name for name in sys.modules if name.partition(".")[0] in ("mam2_resolve", "mam2_contract")]:
        del sys.modules[name]


def plate(frame):
    """Give a plate (48, 64, 4) half."""
    found = np.ones((48, 64, 4), np.float16)
    found[..., :3] = pixels(frame)
    return found


@pytest.fixture
def comp(tmp_path):
    """Give a saved comp: plate, our tool with a point, and a Saver behind it."""
    host = FusionHost(FRAMES[0], FRAMES[-1])
    comp = ScriptComp(host, plate, str(tmp_path / "shot.comp"))
    media, saver = ScriptTool(comp, "MediaIn", "MediaIn1"), ScriptTool(comp, "Saver", "Saver1")
    comp.tools += [media, saver]
    tool = comp.adopt(host.add_tool("Cup"), "Cup")
    tool.ConnectInput("Input", media)
    saver.ConnectInput("Input", tool)
    tool.fuse.press("AddPoint")
    tool.fuse["Point1"], tool.fuse["Transfer"], tool.fuse["Wait"] = (20 / 64, 0.5), 1, 60
    return comp


def test_track_selected_tracks(engine, comp, script):
    """The script starts the tools' own tracks, sends every plate by rendering, and says how it ended."""
    assert script("Track selected", comp) == "Cup: 3 frames have mattes.\n"
    tool = comp.FindTool("Cup").fuse
    assert engine.shot(tool["ShotID"])["mattes"] == list(FRAMES)
    assert tool["Command"] == "", "a comp that is opened again would track again"
    engine.delete(tool["ShotID"])


def test_track_selected_notices_changed_plates(engine, comp, script):
    """Run again after plates have changed upstream, the script tracks them anew, though no viewer shows the tool."""
    tool = comp.FindTool("Cup").fuse
    script("Track selected", comp)
    before = {frame: tool.render(frame).pixels for frame in FRAMES}
    tool.connect(lambda frame: plate(frame + 2))
    assert script("Track selected", comp) == "Cup: 3 frames have mattes.\n"
    for frame in FRAMES:
        rendered = tool.render(frame)
        assert rendered.state == "right"
        assert not np.array_equal(rendered.pixels[..., 3], before[frame][..., 3])
    engine.delete(tool["ShotID"])


def test_track_selected_says_what_is_missing(engine, comp, script):
    """A tool that cannot be tracked is named with its own words."""
    comp.FindTool("Cup").fuse["Points"] = 0
    assert script("Track selected", comp) == (
        "Cup: Nothing says what to matte. Add a point or a box, or connect a mask.\n"
    )
    comp.tools.remove(comp.FindTool("Cup"))
    assert "There is no MAM2 tool in this comp." in script("Track selected", comp)
    assert [job for job in engine.status()["jobs"] if job["state"] == "running"] == []


FINESSE = {"ThresholdHigh": 0.8, "MatteGamma": 1.4, "MatteContract": -1, "MatteBlur": 2, "InvertMatte": 1}
BAKES = {
    "matte as alpha": {},
    "premultiplied": {"Output": 1},
    "matte as RGB": {"Output": 2},
    "one object": {"ShowObject": 2},
    "one object as RGB": {"Output": 2, "ShowObject": 2},
    "finessed": FINESSE,
    "finessed and premultiplied": {**FINESSE, "Output": 1},
    "one object finessed": {**FINESSE, "ShowObject": 2},
    "a blur that is animated": {"MatteBlur": lambda time: max(0, time - 1002)},
}


@pytest.mark.parametrize("way", BAKES)
def test_a_baked_comp_needs_nothing_of_ours(engine, comp, script, way):
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
    premultiplied = BAKES[way].get("Output") == 1  # the stand-in's tools multiply in float, ours in the plate's half
    for frame in FRAMES:
        assert np.allclose(saver.pixels(frame), live[frame], rtol=0, atol=2e-3 if premultiplied else 0)
    comp.tools.insert(2, cup)
    comp.undo()
    assert saver.sources["Input"] is cup


def test_a_bake_says_what_it_cannot_show(engine, comp, script):
    """An overlay, a tool that shows a bake already and a file that cannot be written are refused; nothing is wired."""
    script("Track selected", comp)
    cup, before = comp.FindTool("Cup"), len(comp.tools)
    cup.fuse["Output"] = 3
    assert "Choose another Output and bake again" in script("Bake to Loader", comp)
    cup.fuse["Output"], cup.fuse["MattesFrom"] = 0, 1
    assert "Set 'Mattes from' to the engine" in script("Bake to Loader", comp)
    cup.fuse["MattesFrom"], cup.fuse["MatteBlur"] = 0, 2
    in_the_way = Path(comp.file).with_name("mam2_mattes") / "Cup" / "Cup.1002.exr.part"
    in_the_way.mkdir(parents=True)
    assert "Cup.1002.exr cannot be written" in script("Bake to Loader", comp)
    assert len(comp.tools) == before
    engine.delete(cup.fuse["ShotID"])


def test_a_bake_is_whole_or_not_at_all(engine, comp, script):
    """With a frame untracked nothing is written or wired, and the frames are named."""
    script("Track selected", comp)
    before = len(comp.tools)
    comp.host.comp.last = FRAMES[-1] + 2
    assert "has no matte that is right for frames 1004-1005" in script("Bake to Loader", comp)
    assert len(comp.tools) == before
    assert not Path(comp.file).with_name("mam2_mattes").exists()
    comp.file = ""
    assert "Save the comp and bake again" in script("Bake to Loader", comp)
    engine.delete(comp.FindTool("Cup").fuse["ShotID"])


def test_the_engines_status_is_shown(engine, comp, script, monkeypatch):
    """The status names the engine, its device and its store; without an engine it says what starts one."""
    said = script("Engine status", comp)
    status = engine.status()
    assert f"MAM2 engine {status['version']}, process {status['pid']}" in said
    assert status["store"] in said
    monkeypatch.setenv("MAM2_RUNTIME", "/nowhere")
    assert "not running" in script("Engine status", comp)


def test_an_installed_copy_uses_its_own_contract(tmp_path, monkeypatch):
    """Beside a copy of the contract the scripts use that copy, and never the repository's `engine`."""
    modules = tmp_path / "Modules" / "Python"
    shutil.copytree(PLUGIN / "Modules" / "Python" / "mam2_resolve", modules / "mam2_resolve")
    shutil.copytree(PLUGIN.parent / "engine" / "contract", modules / "mam2_contract")
    monkeypatch.syspath_prepend(str(modules))
    import mam2_resolve.contract

    found = mam2_resolve.contract.module("errors")
    assert Path(found.__file__).parent == modules / "mam2_contract"
    for name in [name for name in sys.modules if name.partition(".")[0] in ("mam2_resolve", "mam2_contract")]:
        monkeypatch.delitem(sys.modules, name)
