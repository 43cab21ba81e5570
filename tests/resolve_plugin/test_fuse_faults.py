"""What may go wrong between the tool and its engine: the plate passes, the state says why, and time is bounded."""

import os
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import psutil
import pytest
from fusion_host import FusionHost
from running_engine import pixels
from wire import SHOT, answer, point_to, serving

SHOWN = 4.0  # seconds that a frame in a viewer may take at the very most, on a machine that is busy


@pytest.fixture(autouse=True)
def _own_runtime(tmp_path, monkeypatch):
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path / "run"))


@pytest.fixture
def tool():
    """Give a tool with a plate and one point."""
    host = FusionHost()
    tool = host.add_tool()
    tool.connect(plate)
    tool.press("AddPoint")
    tool["Point1"] = (20 / 64, 1 - 24 / 48)
    tool["Transfer"] = 1
    return tool


def plate(frame):
    """Give a plate (48, 64, 4) half."""
    found = np.ones((48, 64, 4), np.float16)
    found[..., :3] = pixels(frame)
    return found


def passes(tool, word, code_words):
    """Check that a rendered frame is the plate to the bit, and that the viewer's says why; give the seconds of both."""
    tool["Wait"], tool["ShowState"] = 0, 0
    began = time.monotonic()
    shown = tool.look(1001)
    seconds = time.monotonic() - began
    assert shown.state == word
    assert code_words in shown.says
    assert np.array_equal(shown.pixels, plate(1001))
    return seconds


def replying(**said):
    """Give a reply by the first word of a path that matches."""

    def reply(line):
        for part, what in said.items():
            if part in line:
                return what(line) if callable(what) else what
        return answer({**SHOT, "shot": "x"})

    return reply


def test_without_an_engine_the_plate_passes(tool):
    """With no engine the plate passes at once and the tool says which button starts one."""
    assert passes(tool, "problem", "The engine is not running. Press Track") < 1.0
    tool["Missing"] = 1
    rendered = tool.render(1001)
    assert np.array_equal(rendered.pixels, plate(1001))


def test_a_stale_connection_file_is_no_engine(tool):
    """A file left by an engine that was killed counts as none."""
    with serving(lambda _: None):
        pass
    assert passes(tool, "problem", "The engine is not running") < SHOWN


def test_a_slow_engine_is_not_waited_for(tool):
    """An engine that answers nothing costs a viewer half a second, and is named as slow."""
    with serving(lambda _: time.sleep(5) or b""):
        assert passes(tool, "problem", "does not answer in time") < SHOWN


@pytest.mark.parametrize("button", ["Stop", "Clear"])
def test_a_button_does_not_wait_for_a_slow_engine(tool, button):
    """With an engine that answers nothing each button that asks it gives up in time and says what to do."""
    with serving(lambda _: time.sleep(20) or b""):
        began = time.monotonic()
        tool.press(button)
        assert time.monotonic() - began < SHOWN
    assert tool["Status"] == "The engine does not answer in time. It may be busy: press the button again."


def test_an_engine_that_trickles_is_not_waited_for(tool):
    """An answer that comes byte by byte ends when its time is over."""
    whole = answer({**SHOT, "shot": "x"})

    def reply(_):
        time.sleep(0.4)
        return whole[:5]

    with serving(reply):
        assert passes(tool, "problem", "does not answer in time") < SHOWN


def test_an_engine_killed_in_the_middle_is_said(tool):
    """An answer that breaks off is no matte."""
    cut = answer(bytes(64 * 48 * 2), more="X-Mam2-Shape: 48,64,1\r\n")[:-1000]
    sent = []

    def matte(_):
        if sent:
            return None
        sent.append(1)
        return cut

    with serving(replying(mattes=matte)):
        assert passes(tool, "problem", "does not answer in time") < SHOWN


def test_a_hung_up_answer_is_said(tool):
    """A connection that closes before the answer is no matte."""
    with serving(replying(mattes=lambda _: None)):
        assert passes(tool, "problem", "gone in the middle") < SHOWN


@pytest.mark.parametrize("size", [64 * 48 * 2 - 2, 64 * 48 * 2 + 2, 0])
def test_a_matte_of_another_size_is_refused(tool, size):
    """A matte with fewer or more bytes than the plate has pixels is refused, whatever it calls itself."""
    said = answer(bytes(size), more="X-Mam2-Shape: 48,64,1\r\n")
    with serving(replying(mattes=said)):
        assert passes(tool, "problem", f"sent {size} bytes where 6144 were expected") < SHOWN


def test_a_matte_of_another_shape_is_refused(tool):
    """A matte of as many pixels in another shape is refused."""
    said = answer(bytes(64 * 48 * 2), more="X-Mam2-Shape: 64,48,1\r\n")
    with serving(replying(mattes=said)):
        assert passes(tool, "problem", "48,64,1") < SHOWN


def test_a_huge_answer_is_refused_unread(tool):
    """An answer that says it has gigabytes is refused by its head; nothing of it is kept."""
    huge = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    with serving(lambda _: huge):
        assert passes(tool, "problem", "too long") < SHOWN
    with serving(replying(mattes=huge)):
        assert passes(tool, "problem", "99999999999 bytes where 6144") < SHOWN


def test_an_endless_head_is_refused(tool):
    """A head that does not end is refused at 64 KiB."""
    with serving(lambda _: b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000):
        assert passes(tool, "problem", "does not end") < SHOWN


def test_what_is_no_engine_is_said(tool):
    """Another program on the engine's port is not taken for it."""
    with serving(lambda _: b"220 mail.example ESMTP\r\n\r\n"):
        assert passes(tool, "problem", "no engine") < SHOWN


def test_a_refused_token_is_said_in_the_engines_words(tool, make_engine):
    """A token that the engine does not know leads to its own words."""
    with make_engine().start() as client:
        point_to(client.connection.port, "wrong")
        assert passes(tool, "problem", "Send the token of the connection file") < SHOWN


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": "10.0.0.1", "port": 1, "token": "x"}', '{"port": "1"}'])
def test_a_damaged_connection_file_is_no_engine(tool, text):
    """Whatever stands in the file, a frame comes; another machine is never asked."""
    folder = Path(os.environ["MAM2_RUNTIME"])
    folder.mkdir(parents=True)
    (folder / "engine.json").write_text(text)
    assert passes(tool, "problem", "The engine is not running") < 1.0


def test_a_token_cannot_end_the_line(tool):
    """A token with a line's end in it never reaches a header."""
    asked = []
    with serving(asked.append):
        port = int(Path(os.environ["MAM2_RUNTIME"], "engine.json").read_text().split('"port": ')[1].split(",")[0])
        point_to(port, "a\r\nX: y")
        tool.look(1001)
    assert asked == []


@pytest.mark.parametrize("flags", [{"quiet": True}, {"remote": True}, {}], ids=["quiet", "remote", "neither"])
def test_a_render_without_its_matte_fails_in_words(tool, flags):
    """A plate never passes for a result: a render fails and says which frame and what to do, unless that is chosen."""
    with pytest.raises(Exception, match=r"MAM2: frame 1002 has no matte\. The engine is not running"):
        tool.process(1002, **flags)
    assert tool.look(1002).state == "problem"
    tool["Missing"] = 1
    assert np.array_equal(tool.process(1002, **flags).pixels, plate(1002))


def test_a_tool_that_nobody_has_used_renders_its_plate():
    """Without any prompt there is nothing to miss: the plate passes, in a render too."""
    tool = FusionHost().add_tool()
    tool.connect(plate)
    assert tool.render(1001).same_image


def test_a_killed_engine_ends_nothing_else(tool, make_engine):
    """An engine killed while plates are sent: the plate passes, the script ends in words, and a new engine goes on."""
    engine = make_engine()
    engine.start().close()
    tool.connect(lambda frame: time.sleep(0.5) or plate(frame))
    tool.press("TrackForward")
    script = threading.Thread(target=tool.host.run_scripts)
    script.start()
    with engine.client() as client:
        while tool["ShotID"] not in client.status()["shots"] or not client.shot(tool["ShotID"])["plates"]:
            time.sleep(0.05)
    engine.kill()
    script.join(30)
    assert "The engine" in tool["Status"]
    tool.connect(plate)
    assert passes(tool, "problem", "The engine is not running") < SHOWN
    with engine.start() as client:
        assert client.shot(tool["ShotID"])["plates"] != []


@pytest.mark.parametrize("way", ["right", "problem"])
def test_memory_stays_where_it_is(tool, way, tmp_path):
    """Over a thousand frames Lua's memory and the process's own do not grow, with mattes and with faults alike."""
    collected = tool.host.lua.eval("function() collectgarbage() collectgarbage() return collectgarbage('count') end")
    process = psutil.Process()
    said = answer(bytes(64 * 48 * 2), more="X-Mam2-Shape: 48,64,1\r\n")
    levels, states = [], Counter()
    (tmp_path / "sent.fusion.txt").write_text("1001 full 0123456789abcdef\n")  # what each frame is compared with
    shot = answer({**SHOT, "shot": "x", "inbox": str(tmp_path)})
    with serving(replying(mattes=said, shots=shot) if way == "right" else lambda _: b"nonsense\r\n\r\n"):
        for frame in range(1000):
            tool.owner.kept = tool.host.lua.table()
            states[tool.look(1001).state] += 1
            if frame % 100 == 99:
                levels.append((collected(), process.memory_info().rss / 1024))
    assert states["problem" if way == "problem" else "replaced"] > 900, (
        states
    )  # a busy machine may be late now and then
    # Traces are compiled during the first half; a matte of this size that stayed would be 6 KiB a frame.
    for early, late in zip(levels[4], levels[-1], strict=True):
        assert late - early < 512, levels
