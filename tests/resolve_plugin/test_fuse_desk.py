"""Buttons, masks, bakes, the launcher and the self-test."""

import json
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from fusion_host import FusionHost
from running_engine import pixels
from stand_in_engine import comes, write_stand_in
from wire import SHOT, answer, serving

from engine.contract import connection as contract
from engine.contract.launch import find
from engine.media.masks import read_mask

SIZE = (48, 64)


def plate(frame):
    """Give a plate (48, 64, 4) half."""
    found = np.ones((*SIZE, 4), np.float16)
    found[..., :3] = pixels(frame)
    return found


def make_tool(**values):
    """Give a tool with a plate and one point on its disc."""
    host = FusionHost(1001, 1002)
    tool = host.add_tool()
    tool.connect(plate)
    tool.press("AddPoint")
    tool["Point1"], tool["Transfer"] = (20 / 64, 0.5), 1
    for name, value in values.items():
        tool[name] = value
    return tool


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """Give a runtime folder without an engine."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path / "run"))
    return tmp_path / "run"


def test_a_mask_image_is_a_prompt(engine):
    """What is connected as a mask reaches the engine as a file of the same pixels, and mattes without any point."""
    mask = np.zeros((*SIZE, 4), np.float32)
    mask[12:36, 8:32, 3] = 1
    mask[:, :, :3] = 0.9
    tool = make_tool(Points=0, MaskFrame=1001, MaskObject=2)
    tool.connect(lambda _: mask, "PromptMask")
    tool.press("TrackForward")
    tool.host.run_scripts()
    assert tool["Status"] == "Done: 2 frames have mattes."
    (thing,) = engine.shot(tool["ShotID"])["objects"]
    assert (thing["name"], [prompt["kind"] for prompt in thing["prompts"]]) == ("object2", ["mask"])
    assert np.array_equal(read_mask(thing["prompts"][0]["path"], SIZE[::-1]), mask[..., 3] > 0.5)
    assert tool.render(1002).state == "right"
    tool["PromptMaskFrom"] = 1
    tool.press("TrackForward")
    tool.host.run_scripts()
    (other,) = engine.shot(tool["ShotID"])["objects"]
    assert read_mask(other["prompts"][0]["path"], SIZE[::-1]).all()
    tool.host.world.images.ways.order = "A"  # what a mask node gives
    tool.press("TrackForward")
    tool.host.run_scripts()
    (alone,) = engine.shot(tool["ShotID"])["objects"]
    assert np.array_equal(read_mask(alone["prompts"][0]["path"], SIZE[::-1]), mask[..., 3] > 0.5)


def test_a_mask_that_cannot_be_read_is_said(engine):
    """A mask that is not there on its frame stops the track in words, and no prompt goes without it."""
    tool = make_tool(MaskFrame=1001)
    tool.connect(lambda _: None, "PromptMask")
    tool.press("TrackForward")
    tool.host.run_scripts()
    assert tool["Status"] == "The mask has no frame 1001."
    assert [job for job in engine.status()["jobs"] if job["shot"] == tool["ShotID"]] == []


def test_without_a_prompt_nothing_is_asked(engine):
    """Track without any prompt says what is missing and starts nothing."""
    tool = make_tool(Points=0)
    tool.press("TrackBoth")
    tool.host.run_scripts()
    assert tool["Status"] == "Nothing says what to matte. Add a point or a box, or connect a mask."
    assert [job for job in engine.status()["jobs"] if job["shot"] == tool["ShotID"]] == []


def test_the_engines_objections_are_shown(engine):
    """What the engine refuses is said in its own words, with what to do."""
    tool = make_tool(Point1Frame=2000)
    tool.press("TrackBoth")
    tool.host.run_scripts()
    assert "is on frame 2000, but the shot runs 1001-1002" in tool["Status"]
    assert tool["ShotID"] not in engine.status()["shots"]


def test_track_needs_no_viewer_and_no_full_size(engine):
    """Unviewed, at proxy 2, the playhead on 30: the point dragged there is a prompt of 30, and full plates are sent."""
    host = FusionHost(28, 31)
    host.comp.proxy, host.comp.CurrentTime = 2, 30
    tool = host.add_tool()
    tool.connect(lambda frame: plate(1001 + frame))
    tool.press("AddPoint", 28)
    tool["Transfer"] = 1
    tool.drag("Point1", (20 / 64, 0.5), 30)
    tool.press("TrackBoth")
    host.run_scripts()
    shot = engine.shot(tool["ShotID"])
    assert [one["frame"] for one in shot["objects"][0]["prompts"]] == [30]
    assert (shot["size"], shot["plates"], shot["mattes"]) == ([64, 48], [28, 29, 30, 31], [28, 29, 30, 31])
    assert tool["Status"] == "Done: 4 frames have mattes."
    assert host.world.disturbed == 0
    assert tool.look(30, proxy=2).state == "right"


def test_a_tool_that_is_switched_off_is_said(engine):
    """A tool that passes its plate is asked for nothing: Track says so, and does not wait for ever."""
    tool = make_tool()
    tool.host.scripting.FindTool("MAM2_1").passes = True
    tool.press("TrackForward")
    tool.host.run_scripts()
    assert "Is it switched off" in tool["Status"]
    engine.delete(tool["ShotID"])


def test_nothing_stays_in_the_hosts_executor(engine):
    """Two tools track and another scripted control is pressed: all go on, and the executor has nothing of ours."""
    host = FusionHost(1001, 1002)
    tools = [host.add_tool(name) for name in ("MAM2_1", "MAM2_2")]
    for tool in tools:
        tool.connect(plate)
        tool.press("AddPoint")
        tool["Point1"], tool["Transfer"] = (20 / 64, 0.5), 1
        tool.press("TrackForward")
    assert [Path(path).name for path in host.comp.scripts.values()] == ["press.lua", "press.lua"]
    scripts = threading.Thread(target=host.run_scripts)
    scripts.start()
    host.world.comp_object.Execute(host.world.comp_object, "comp:FindTool('MAM2_1'):GetInput('Status')")
    seconds = list(host.world.run_executor(host.function(time.monotonic)).values())
    scripts.join()
    assert len(seconds) == 1
    assert max(seconds) < 0.1
    for tool in tools:
        assert tool["Status"] == "Done: 2 frames have mattes."
        assert engine.shot(tool["ShotID"])["mattes"] == [1001, 1002]


def test_a_bake_stands_in_for_the_engine(runtime):
    """With a baked matte connected a frame needs no engine; asked for bakes alone, none is even looked for."""
    assert not runtime.exists()
    tool = make_tool()
    baked = np.zeros((*SIZE, 4), np.float32)
    baked[..., 3] = np.random.default_rng(2).random(SIZE, np.float32)
    tool.connect(lambda _: baked, "BakedMatte")
    for source in (0, 1):
        tool["MattesFrom"] = source
        rendered = tool.render(1001)
        assert rendered.state == "baked"
        assert np.array_equal(rendered.pixels[..., 3], baked[..., 3].astype(np.float16))
    tool.connect(lambda _: baked[:24], "BakedMatte")
    assert "Bake it again at the plate's size" in tool.look(1001).says


def test_the_state_is_only_drawn_where_it_is_wanted(runtime):
    """With the state hidden, a frame in the viewer is the plate to the bit; rendered frames always are."""
    assert not runtime.exists()
    tool = make_tool(ShowState=0, Wait=0, Missing=1)
    for found in (tool.look(1001), tool.render(1001)):
        assert found.state == "problem"
        assert np.array_equal(found.pixels, plate(1001))


def test_the_connection_file_is_looked_for_where_the_engine_writes_it(monkeypatch):
    """The tool and the contract name the same folder, with and without each of the variables that decide it."""
    host = FusionHost()
    monkeypatch.delenv("MAM2_RUNTIME", raising=False)
    for variables in ({}, {"XDG_RUNTIME_DIR": "/run/user/7"}, {"MAM2_RUNTIME": "~/mam2run"}):
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert host.module("mam2.connection").folder() == str(contract.runtime_folder())


def test_track_starts_the_engine_and_goes_on(runtime, tmp_path, monkeypatch):
    """Without an engine Track starts one in the background, returns at once, and tracking follows by itself."""
    monkeypatch.setenv("MAM2_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MAM2_DEVICES", "cpu")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    root = Path(__file__).parents[2]
    monkeypatch.setenv("MAM2_COMMAND", f"env PYTHONPATH={root} {sys.executable} -m engine serve")
    tool = make_tool()
    began = time.monotonic()
    tool.press("TrackForward")
    assert time.monotonic() - began < 0.1
    assert tool["Status"] == "Tracking."
    try:
        tool.host.run_scripts()
        assert tool["Status"] == "Done: 2 frames have mattes."
        assert oct(runtime.stat().st_mode & 0o777) == "0o700"
    finally:
        with find() as client:
            os.kill(client.status()["pid"], 15)


@pytest.mark.parametrize(("made", "prepare", "starts"), [("new", "1", True), ("new", "0", False), ("kept", "1", False)])
def test_a_tool_that_is_made_has_the_engine_start(runtime, tmp_path, monkeypatch, made, prepare, starts):
    """Whoever makes a tool is about to track: the engine starts, unless a TD says no; a comp that opens starts none."""
    program = tmp_path / "mam2"
    write_stand_in(program)
    monkeypatch.setenv("MAM2_COMMAND", f"{program} serve")
    monkeypatch.setenv("MAM2_PREPARE", prepare)
    kept = {"ShotID": "fusion.MAM2_1.6.7", "ShotOwner": "MAM2_1"}
    FusionHost(1001, 1002).add_tool(values=kept if made == "kept" else None)
    assert comes(runtime / "started", 20.0 if starts else 0.5) == starts


def test_an_engine_that_is_nowhere_is_said(runtime, monkeypatch):
    """Where no engine is installed, Track says what to set."""
    assert not runtime.exists()
    monkeypatch.setenv("MAM2_COMMAND", "/nowhere/mam2 serve")
    tool = make_tool()
    tool.press("TrackForward")
    tool.host.run_scripts()
    assert "MAM2_COMMAND" in tool["Status"]
    monkeypatch.setenv("MAM2_ENGINE", "never")
    tool.press("TrackForward")
    tool.host.run_scripts()
    assert "MAM2_ENGINE=never" in tool["Status"]


def test_the_self_test_says_what_the_host_does(runtime):
    """The self-test writes what a button, a script and the next frames found: every guess about hosts has its line."""
    tool = make_tool(Wait=0)
    large = np.ones((80, 96, 4), np.float16)
    tool.connect(lambda _: large, in_haste=lambda frame: large if frame == 1001 else large * np.float16(0.5))
    tool.host.scripting.folders["Scripts:"] = ["/one", "/two"]
    shot = answer({"version": "1.2.3", "jobs": [], **SHOT, "shot": "x"})
    with serving(lambda _: shot):
        tool.press("SelfTest")
        tool.host.run_scripts()
        for frame in (1001, 1001, 1002):
            tool.look(frame)
    assert str(runtime) in tool["Status"]
    found = {path.name.split(".", 2)[2]: json.loads(path.read_text()) for path in runtime.glob("fusion-selftest.*")}
    frames = {f"frame.{number}.json" for number in ("1001.1", "1001.2", "1001.3", "1002.1")}
    assert {"button.json", "script.json", "frame.1001.1.json", "frame.1002.1.json"} <= set(found)
    assert set(found) <= {"button.json", "script.json"} | frames
    button, script, frame = found["button.json"], found["script.json"], found["frame.1001.1.json"]
    assert (button["script_taken"], button["said_quietly"], button["header_of_a_nest"]) == (True, True, "table")
    assert script["scripts_folders"] == "/one;/two"
    assert (script["task_taken"], script["value"]) == (True, "nil"), "a frame without its matte fails"
    assert frame["system"]["luajit"].startswith("LuaJIT 2.1")
    assert frame["socket"]["engine"] == "1.2.3"
    looked_at = found["frame.1002.1.json"]
    assert (looked_at["request"]["IsQuick"], looked_at["request"]["IsQuiet"]) == (True, False)
    assert (looked_at["kind"], frame["kind"]) == ("viewer", "unknown"), "the script asked first"
    assert looked_at["thread"] == button["thread"]
    assert (frame["not_kept"], frame["progress"], frame["status"]) == (True, True, "OK")
    image = frame["image"]
    assert (image["depth"], image["first_row"], image["packed"], image["stride"]) == (7, "bottom", True, 96 * 8)
    assert (image["data_window"], image["channels"], image["scan_lines"]) == ([0, 0, 96, 80], [0, 1, 2, 3], "cdata")
    assert image["memory"] == "agrees with GetPixel"
    assert image["aspect"] == [1, 1]
    assert [found[f"frame.{number}.1.json"]["pulled"]["alike"] for number in (1001, 1002)] == [True, False]
    trials = frame["trials"]
    assert trials["dilate"] == [9, 9]
    assert trials["blur"][0] == trials["blur"][1] > 9
    assert trials["alone"]["gamma"] == 0.5
    assert trials["alone"]["pixel"] == [0, 0, 0, 0.25, 4, 4]
