"""The tool and a real engine over a real socket: what an artist gets is what `mam2 matte` makes of the same plates.

MAM2_FULL_SIZE=1 runs the same with 24 frames of 1920x1080, which takes minutes.
"""

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fusion_host import FusionHost
from wire import SHOT, answer, serving

from engine.cli import run
from engine.contract.shot import Settings
from engine.contract.shot_json import objects_from_json
from engine.media.matte_files import read_matte, write_exr
from engine.service.store import Store
from engine.service.stored_plates import StoredPlates

FULL = bool(os.environ.get("MAM2_FULL_SIZE"))
WIDTH, HEIGHT, FRAMES = (1920, 1080, 24) if FULL else (96, 64, 5)
FIRST = 1001
LAST = FIRST + FRAMES - 1
MIDDLE = FIRST + FRAMES // 2


def centre(frame):
    """Give where the disc is on a frame, in pixels from the top left; a tracker would say the same."""
    return WIDTH * (0.3 + 0.01 * (frame - FIRST)), HEIGHT * 0.4


def plate(frame):
    """Give a plate (H, W, 4) half: a bright disc that drifts over noise; its alpha is not 1."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    at_x, at_y = centre(frame)
    disc = ((x - at_x) ** 2 + (y - at_y) ** 2 < (HEIGHT * 0.18) ** 2)[..., None]
    noise = np.random.default_rng(frame).random((HEIGHT, WIDTH, 4), np.float32) * np.float32(0.2)
    return (noise + disc * np.float32([0.7, 0.5, 0.3, 0.1])).astype(np.float16)


def place(x, y):
    """Give pixels from the top left as Fusion's place: 0 to 1 from the bottom left."""
    return x / WIDTH, 1 - y / HEIGHT


@pytest.fixture(scope="module")
def tracked(engine):
    """Give a tool whose shot was tracked both ways from its middle, with a tracked point and a box."""
    host = FusionHost(FIRST, LAST)
    tool = host.add_tool()
    tool.connect(plate)
    host.comp.CurrentTime = MIDDLE
    tool.press("AddPoint")
    tool.press("AddNotPoint")
    tool.press("AddBox")
    tool["Point1"] = lambda time: place(*centre(time))
    tool["Point1Every"] = 2
    tool["NotPoint1"] = place(WIDTH * 0.8, HEIGHT * 0.8)
    tool["NotPoint1Object"] = 1
    tool["Box1"] = place(*centre(MIDDLE))
    tool["Box1Width"], tool["Box1Height"] = 0.3, 0.5
    tool["Box1Object"] = 2
    tool["Transfer"] = 1  # linear, as the EXR of the same pixels is
    tool["PostMultiply"] = 0
    tool.view()
    tool.press("TrackBoth")
    host.run_scripts()
    assert tool["Status"] == f"Done: {FRAMES} frames have mattes."
    assert engine.shot(tool["ShotID"])["settings"]["direction"] == "both"
    return tool


def begin(engine, tool):
    """Begin a track whose plates nobody sends yet, as another program may."""
    read = tool.host.lua.eval("""function(owner, width, height)
        local size = { width = width, height = height }
        return require('mam2.json').encode(require('mam2.request').read(owner.env.Inputs, 1001, size, owner.Comp))
    end""")
    body = json.loads(read(tool.owner, WIDTH, HEIGHT))
    objects = objects_from_json(body["objects"])
    engine.declare(
        tool["ShotID"],
        *body["range"],
        WIDTH,
        HEIGHT,
        model=body["model"],
        settings=Settings(**body["settings"]),
        objects=objects,
    )
    return engine.track(tool["ShotID"])


@pytest.fixture(scope="module")
def direct(tmp_path_factory, tracked):
    """Give the mattes of `mam2 matte` for the same pixels and prompts, by frame."""
    folder = tmp_path_factory.mktemp("direct")
    for frame in range(FIRST, LAST + 1):
        channels = {name: np.ascontiguousarray(plate(frame)[..., i]) for i, name in enumerate("RGB")}
        write_exr(folder / f"plate.{frame}.exr", channels, "")
    (folder / "prompts.json").write_text(json.dumps({"objects": expected_objects()}))
    options = ["--prompts", str(folder / "prompts.json"), "--direction", "both"]
    assert run(["matte", str(folder / "plate.####.exr"), "-o", str(folder), "--name", "matte", *options]) == 0
    assert tracked["Points"] == 1
    return {frame: read_matte(folder / f"matte.{frame}.exr") for frame in range(FIRST, LAST + 1)}


def expected_objects():
    """Give the prompts that the controls mean, worked out by hand."""

    def point(frame, x, y, *, positive):
        return {"kind": "point", "frame": frame, "x": round(x, 3), "y": round(y, 3), "positive": positive}

    after, before = range(MIDDLE, LAST + 1, 2), range(MIDDLE - 2, FIRST - 1, -2)
    x, y = centre(MIDDLE)
    box = [x - 0.15 * WIDTH, y - 0.25 * HEIGHT, x + 0.15 * WIDTH, y + 0.25 * HEIGHT]
    points = [point(frame, *centre(frame), positive=True) for frame in (*after, *before)]
    points.append(point(MIDDLE, WIDTH * 0.8, HEIGHT * 0.8, positive=False))
    boxes = [{"kind": "box", "frame": MIDDLE, "box": [round(value, 3) for value in box]}]
    return [{"name": "object1", "prompts": points}, {"name": "object2", "prompts": boxes}]


def test_prompts_reach_the_engine_as_they_lie(engine, tracked):
    """A tracked point is sampled on every second frame, box and not-point on theirs, in pixels from the top left."""
    assert engine.shot(tracked["ShotID"])["objects"] == expected_objects()


def test_alpha_is_that_of_the_command_line(tracked, direct):
    """Rendered alpha equals `mam2 matte` to the bit on every frame, and RGB is the plate's to the bit."""
    for frame in range(FIRST, LAST + 1):
        rendered = tracked.render(frame)
        assert rendered.state == "right", rendered.says
        assert np.array_equal(rendered.pixels[..., 3], direct[frame]["A"].astype(np.float16)), frame
        assert np.array_equal(rendered.pixels[..., :3], plate(frame)[..., :3]), frame
        assert 0.01 < float(rendered.pixels[..., 3].mean()) < 0.6


def test_one_object_can_be_shown_alone(tracked, direct):
    """The matte of one object is that object's layer."""
    tracked["ShowObject"] = 2
    rendered = tracked.render(MIDDLE)
    tracked["ShowObject"] = 0
    assert np.array_equal(rendered.pixels[..., 3], direct[MIDDLE]["object2.alpha"].astype(np.float16))


def test_frames_rendered_at_once_do_not_mix(tracked, direct):
    """Several renderers that ask for different frames of one shot at the same time each get their own."""
    names = ("ShotID", "ShotOwner", "Points", "Boxes", "Transfer", "PostMultiply")

    def renderer(offset):
        tool = FusionHost(FIRST, LAST).add_tool(values={name: tracked[name] for name in names})
        tool.connect(plate)
        frames = [FIRST + (offset + step) % FRAMES for step in range(FRAMES)]
        return [(frame, tool.render(frame)) for frame in frames]

    with ThreadPoolExecutor(4) as renderers:
        for found in renderers.map(renderer, range(4)):
            for frame, rendered in found:
                assert np.array_equal(rendered.pixels[..., 3], direct[frame]["A"].astype(np.float16))


def test_a_moved_prompt_keeps_the_matte_and_says_so(tracked):
    """Moving a click destroys nothing: the matte stays, and the tool says that it is from before."""
    before = tracked.render(MIDDLE)
    tracked["NotPoint1"] = place(WIDTH * 0.85, HEIGHT * 0.8)
    after = tracked.look(MIDDLE)
    tracked["NotPoint1"] = place(WIDTH * 0.8, HEIGHT * 0.8)
    assert after.state == "changed"
    assert np.array_equal(before.pixels[..., 3], after.pixels[..., 3])
    assert not np.array_equal(before.pixels[..., :3], after.pixels[..., :3]), "the viewer is not tinted"


def test_a_preview_is_one_frame(engine, tracked):
    """Preview mattes the frame at hand without the others' plates, and is shown on that frame alone."""
    host = FusionHost(FIRST, LAST)
    tool = host.add_tool("MAM2_2")
    tool.connect(plate)
    tool.press("AddPoint")
    tool["Point1"], tool["Transfer"] = place(*centre(FIRST)), 1
    tool.press("Preview")
    host.run_scripts()
    shown = tool.look(FIRST)
    assert shown.state == "preview"
    assert shown.pixels[..., 3].astype(np.float32).mean() > 0.01
    assert tool.look(LAST).state == "untracked"
    assert engine.shot(tool["ShotID"])["plates"] == [FIRST]
    assert tool["ShotID"] != tracked["ShotID"]


def test_a_render_waits_for_its_matte(engine):
    """A frame that is rendered while its shot is tracked sends what is missing and comes with its matte."""
    host = FusionHost(FIRST, FIRST + 2)
    tool = host.add_tool("MAM2_3")
    tool.connect(plate)
    tool.press("AddPoint")
    tool["Point1"], tool["Transfer"], tool["Wait"], tool["PostMultiply"] = place(*centre(FIRST)), 1, 120, 0
    begin(engine, tool)
    rendered = tool.render(FIRST + 2)
    assert rendered.state in ("right", "tracking")
    assert np.array_equal(rendered.pixels[..., :3], plate(FIRST + 2)[..., :3])
    raw, (height, width) = engine.get_layer(tool["ShotID"], FIRST + 2)
    assert np.array_equal(rendered.pixels[..., 3], np.frombuffer(raw, "<f2").reshape(height, width))


def test_stop_and_clear(engine):
    """Stop ends the job and keeps what was done; Clear takes the shot's plates and mattes out of the engine."""
    host = FusionHost(FIRST, LAST)
    tool = host.add_tool("MAM2_4")
    tool.connect(plate)
    tool.press("AddPoint")
    tool["Point1"] = place(*centre(FIRST))
    begin(engine, tool)
    tool.press("Stop")
    assert [job["state"] for job in engine.status()["jobs"] if job["shot"] == tool["ShotID"]] == ["cancelled"]
    assert tool.look(LAST).state == "stopped"
    assert tool["Status"] == "Stopped."
    tool.press("Clear")
    assert tool["ShotID"] not in engine.status()["shots"]
    assert tool.look(FIRST).state == "untracked"


def test_a_stop_leaves_the_tool_and_its_worker_usable(engine):
    """Stop returns in under a second while frames are tracked; the same worker then makes a preview and goes on."""
    host = FusionHost(FIRST, LAST)
    tool = host.add_tool("MAM2_6")
    tool.connect(plate)
    tool.press("AddPoint")
    tool["Point1"], tool["Transfer"] = place(*centre(FIRST)), 1
    tool.press("TrackForward")
    script = threading.Thread(target=host.run_scripts)
    script.start()
    while tool["ShotID"] not in engine.status()["shots"] or not engine.shot(tool["ShotID"])["mattes"]:
        time.sleep(0.01)
    (before,) = engine.status()["devices"]
    began = time.monotonic()
    tool.press("Stop")
    assert time.monotonic() - began < 1.0
    assert tool["Status"] == "Stopped."
    script.join(2.0)
    assert not script.is_alive(), "the script goes on although Stop was pressed"
    began = time.monotonic()
    assert tool.look(FIRST).state == "right"
    assert time.monotonic() - began < 1.0
    done = engine.shot(tool["ShotID"])["mattes"]
    tool.press("Preview")
    host.run_scripts()
    tool.press("TrackForward")
    host.run_scripts()
    (after,) = engine.status()["devices"]
    assert (after["pid"], after["deaths"]) == (before["pid"], before["deaths"])
    assert set(done) < set(engine.shot(tool["ShotID"])["mattes"]) or len(done) == FRAMES
    engine.delete(tool["ShotID"])


@pytest.mark.parametrize("corner", [(0, 0), (0, -1), (-1, 0), (-1, -1)])
def test_one_pixel_stays_in_its_corner(engine, corner):
    """A single bright pixel in a corner is in that corner of the engine's plate, and of the matte that comes back."""
    picture = np.zeros((48, 64, 4), np.float16)
    picture[(*corner, slice(0, 3))] = 1
    host = FusionHost(1, 1)
    tool = host.add_tool("MAM2_5")
    tool.connect(lambda _: picture)
    tool.press("AddPoint", 1)
    tool.press("TrackForward")
    host.run_scripts()
    stored = StoredPlates(Store(Path(engine.status()["store"])).shot(tool["ShotID"]), (64, 48), None).display(1)
    assert np.argwhere(stored[..., 0] > 0.5).tolist() == np.argwhere(picture[..., 0] > 0.5).tolist()
    engine.delete(tool["ShotID"])


@pytest.mark.parametrize("corner", [(0, 0), (0, -1), (-1, 0), (-1, -1)])
def test_one_pixel_of_the_matte_stays_in_its_corner(corner, tmp_path, monkeypatch):
    """A matte that is one pixel comes out as that pixel of the alpha."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))
    alpha = np.zeros((48, 64), np.float16)
    alpha[corner] = 1
    body = answer(alpha[::-1].tobytes(), more="X-Mam2-Shape: 48,64,1\r\n")  # asked for with the bottom row first
    tool = FusionHost().add_tool()
    tool.connect(lambda _: np.ones((48, 64, 4), np.float32))
    tool["PostMultiply"] = 0
    with serving(lambda line: body if "origin=bottom-left" in line else answer({**SHOT, "shot": "x"})):
        assert np.array_equal(tool.render(1001).pixels[..., 3], alpha.astype(np.float32))


def test_a_button_takes_no_time(tracked):
    """Pressing Track returns at once and renders nothing, however long the job will take."""
    made = []
    tracked.connect(lambda frame: made.append(frame) or plate(frame))
    tracked.owner.viewed = None  # a viewer's own rendering is not the button's
    began = time.monotonic()
    tracked.press("TrackBoth")
    assert time.monotonic() - began < 0.1
    assert made == []
    tracked.press("Stop")
