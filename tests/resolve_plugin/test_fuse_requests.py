"""The kinds of requests that a host makes, and several of them at once."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fusion_host import FusionHost
from running_engine import pixels
from wire import SHOT, answer, serving

from engine.contract.shot import Settings
from engine.contract.shot_json import objects_from_json
from engine.media.colour import DisplayTransform
from engine.model.config import CONFIGS

FRAMES = range(1001, 1009)
JOB = {"id": "j", "shot": "x", "kind": "track", "state": "running", "done": 1, "total": 4}
LOOKS, RENDERS, UNKNOWN = "looks", "renders", "unknown"


def plate(frame):
    """Give a plate (48, 64, 4) half."""
    found = np.ones((48, 64, 4), np.float16)
    found[..., :3] = pixels(frame)
    return found


@pytest.mark.parametrize(
    ("flags", "rendering", "kind"),
    [
        (["quick"], False, LOOKS),
        (["interactive"], False, LOOKS),  # in high quality: a viewer all the same
        (["quick", "interactive", "playback"], False, LOOKS),
        (["preview"], False, LOOKS),
        (["preview"], True, LOOKS),
        (["playback"], False, LOOKS),
        (["quiet"], False, RENDERS),
        (["remote"], False, RENDERS),
        ([], True, RENDERS),
        (["quick"], True, RENDERS),
        ([], False, UNKNOWN),
    ],
)
def test_only_what_is_looked_at_bears_the_state(flags, rendering, kind, tmp_path, monkeypatch):
    """A viewer is answered at once and tinted; what may end in a file is neither; only a render waits."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))
    host = FusionHost()
    host.comp.rendering = rendering
    tool = host.add_tool()
    tool.connect(plate)
    tool["Wait"], tool["Missing"] = 1, 1
    shot = answer({**SHOT, "shot": tool["ShotID"], "mattes": []})
    status = answer({"version": "1", "jobs": [{**JOB, "shot": tool["ShotID"]}]})
    with serving(lambda line: status if "/status" in line else shot):
        began = time.monotonic()
        found = tool.process(1001, **dict.fromkeys(flags, True))
        seconds = time.monotonic() - began
    assert found.state == "tracking"
    assert np.array_equal(found.pixels, plate(1001)) is (kind != LOOKS)
    assert (seconds >= 1) is (kind == RENDERS)
    assert seconds < 4


def test_a_host_that_stops_is_not_kept_waiting(tmp_path, monkeypatch):
    """A render that the artist stops ends at once, though its matte is to come; while it waits it says how far."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))
    tool = FusionHost().add_tool()
    tool.connect(plate)
    tool["Wait"], tool["Missing"] = 60, 1
    tool.owner.Status = "Abort"
    shot = answer({**SHOT, "shot": tool["ShotID"], "mattes": []})
    status = answer({"version": "1", "jobs": [{**JOB, "shot": tool["ShotID"]}]})
    with serving(lambda line: status if "/status" in line else shot):
        began = time.monotonic()
        assert tool.render(1001).state == "tracking"
        assert time.monotonic() - began < 4
    assert tool.owner.progress == 0.25


def test_what_is_not_final_is_not_kept(tmp_path, monkeypatch):
    """A frame shown without an engine gets its matte when one has come, no input touched; what is final is kept."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))
    tool = FusionHost().add_tool()
    tool.connect(plate)
    tool.press("AddPoint")
    assert tool.look(1001).state == "problem"
    matte = answer(bytes(64 * 48 * 2), more="X-Mam2-Shape: 48,64,1\r\n")
    body = json.loads(request_of(tool))
    shot = answer({**SHOT, **body, "shot": tool["ShotID"]})
    with serving(lambda line: matte if "/mattes/" in line else shot):
        assert tool.look(1001).state == "right"
        processed = tool.owner.processed
        assert tool.look(1001).state == "right"
        assert tool.owner.processed == processed


def test_each_object_has_an_output(tmp_path, monkeypatch):
    """What is connected to an object's output gets that object's own matte; nobody's output costs nothing."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))
    tool = FusionHost().add_tool()
    tool.connect(plate)
    tool["PostMultiply"] = 0
    alphas = {"alpha": 0.25, "object2.alpha": 0.75}
    asked = []

    def reply(line):
        if "/mattes/" not in line:
            return answer({**SHOT, "shot": "x"})
        layer = re.search(r"layer=([\w.]+)", line)[1]
        asked.append(layer)
        return answer(np.full((48, 64), alphas[layer], "<f2").tobytes(), more="X-Mam2-Shape: 48,64,1\r\n")

    tool.host.world.connect_output(tool.owner, "Object2")
    with serving(reply):
        assert (tool.look(1001, output="Object2").pixels[..., 3] == 0.75).all()
        assert (tool.look(1001).pixels[..., 3] == 0.25).all()
    assert set(asked) == set(alphas)


def test_a_host_without_flags_is_told_otherwise(tmp_path, monkeypatch):
    """Where requests take no flags nothing breaks, and the self-test says that results are kept."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))
    host = FusionHost(no_req_flags=True)
    tool = host.add_tool()
    tool.connect(plate)
    tool.press("AddPoint")
    assert tool.look(1001).state == "problem"
    tool.press("SelfTest")
    tool.look(1001)
    (found,) = tmp_path.glob("fusion-selftest.*.frame.1001.1.json")
    assert json.loads(found.read_text())["not_kept"] is False


def request_of(tool):
    """Give the request that a tool's controls make for its plate."""
    read = tool.host.lua.eval("""function(owner)
        local size = { width = 64, height = 48 }
        return require('mam2.json').encode(require('mam2.request').read(owner.env.Inputs, 1001, size, owner.Comp))
    end""")
    return read(tool.owner)


def test_a_pixel_keeps_its_aspect(tmp_path, monkeypatch):
    """The result of an anamorphic plate is anamorphic, with and without a matte."""
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path))
    host = FusionHost()
    tool = host.add_tool()
    tool["Wait"] = 0
    image = host.image(plate(1001), aspect=2.0)
    tool.connect(lambda _: image)
    matte = answer(bytes(64 * 48 * 2), more="X-Mam2-Shape: 48,64,1\r\n")
    assert tool.look(1001).aspect == 2.0
    with serving(lambda line: matte if "/mattes/" in line else answer({**SHOT, "shot": "x"})):
        assert tool.render(1001).aspect == 2.0
        assert tool.process(1001, precalc=True).aspect == 2.0


def test_renderers_share_the_sending(engine):
    """Several renderers of one shot, each with its own frames, send its plates together; every frame gets its matte."""
    tool = FusionHost(FRAMES[0], FRAMES[-1]).add_tool()
    tool.connect(plate)
    tool.press("AddPoint")
    tool["Point1"], tool["Transfer"], tool["PostMultiply"] = (20 / 64, 0.5), 1, 0
    body = json.loads(request_of(tool))
    engine.declare(
        tool["ShotID"],
        *body["range"],
        64,
        48,
        model=body["model"],
        settings=Settings(**body["settings"]),
        objects=objects_from_json(body["objects"]),
    )
    engine.track(tool["ShotID"], "forward")
    names = ("ShotID", "ShotOwner", "Points", "Transfer", "Point1Frame", "PostMultiply")

    def renderer(offset):
        other = FusionHost(FRAMES[0], FRAMES[-1]).add_tool(values={name: tool[name] for name in names})
        other["Point1"], other["Wait"] = (20 / 64, 0.5), 60
        other.connect(plate)
        found = [(frame, other.render(frame)) for frame in FRAMES[offset::4]]
        assert other.host.world.disturbed == 0
        return found

    with ThreadPoolExecutor(4) as renderers:
        found = dict(pair for part in renderers.map(renderer, range(4)) for pair in part)
    assert engine.shot(tool["ShotID"])["plates"] == list(FRAMES)
    for frame in FRAMES:
        raw, (height, width) = engine.get_layer(tool["ShotID"], frame)
        assert found[frame].state in ("right", "tracking")
        assert np.array_equal(found[frame].pixels[..., 3], np.frombuffer(raw, "<f2").reshape(height, width))
        assert tool.render(frame).state == "right"  # also by what was noted of the plates that were sent
    engine.delete(tool["ShotID"])


def test_track_backward_goes_backward(engine):
    """Track backward mattes the frames before the prompt and its own; Track forward then mattes the rest."""
    tool = FusionHost(1001, 1004).add_tool()
    tool.connect(plate)
    tool.press("AddPoint", 1002)
    tool["Point1"], tool["Transfer"] = (20 / 64, 0.5), 1
    for button, mattes in (("TrackBackward", [1001, 1002]), ("TrackForward", [1001, 1002, 1003, 1004])):
        tool.press(button)
        tool.host.run_scripts()
        assert engine.shot(tool["ShotID"])["mattes"] == mattes, tool["Status"]
    engine.delete(tool["ShotID"])


def test_the_menus_offer_what_the_engine_knows():
    """Every model of the menu is one of the engine's, and every input transfer a colour space that it can convert."""
    choices = FusionHost().module("mam2.choices")
    assert set(choices.models.values()) <= set(CONFIGS)
    spaces = [entry[2] for entry in choices.transfers.values()]
    for space in spaces:
        transform = DisplayTransform(space if isinstance(space, str) else None, "scene-linear")
        assert transform.apply(np.full((1, 1, 3), 0.4, np.float32)).max() <= 1
    assert [isinstance(space, str) for space in spaces] == [True, False, True, False]
