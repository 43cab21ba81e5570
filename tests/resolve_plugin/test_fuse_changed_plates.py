"""A plate that has changed upstream after it was tracked is noticed, and nothing else is."""

import numpy as np
import pytest
from fusion_host import FusionHost
from hypothesis import given, settings
from hypothesis import strategies as st
from running_engine import pixels

FRAMES = (1001, 1002)
WIDTH, HEIGHT, STEP = 1920, 1080, 16


def plate(frame):
    """Give a plate (48, 64, 4) half."""
    found = np.ones((48, 64, 4), np.float16)
    found[..., :3] = pixels(frame)
    return found


def painted(frame):
    """Give the plate with one pixel of frame 1002 painted over."""
    found = plate(frame)
    if frame == FRAMES[-1]:
        found[5, 60, 1] = 0.9
    return found


@pytest.fixture
def tool(engine):
    """Give a tool whose shot of two frames was tracked."""
    assert engine.status()["pid"]
    tool = FusionHost(*FRAMES).add_tool()
    tool.connect(plate)
    tool.press("AddPoint")
    tool["Point1"], tool["Transfer"] = (20 / 64, 0.5), 1
    track(tool)
    return tool


def track(tool):
    """Track as an artist does; no viewer shows the tool."""
    tool.press("TrackForward")
    tool.host.run_scripts()
    assert tool["Status"] == "Done: 2 frames have mattes."


def states(tool):
    """Give what the tool says of each frame in a viewer and in a render."""
    return {ask(frame).state for ask in (tool.look, tool.render) for frame in FRAMES}


def test_a_changed_plate_is_said(tool):
    """One painted pixel upstream makes that frame say so, in a viewer and in a render; the matte stays as it was."""
    assert states(tool) == {"right"}
    before = tool.render(1002)
    tool.connect(painted)
    shown = tool.look(1002)
    assert shown.state == "replaced"
    assert "The plate has changed since it was tracked." in shown.says
    assert np.array_equal(shown.pixels[..., 3], before.pixels[..., 3])
    assert tool.render(1002).state == "replaced"
    assert tool.look(1001).state == "right"


def test_a_change_that_is_undone_is_forgotten(tool):
    """With the plate as it was the frame is right again, and Track sends nothing anew."""
    tool.connect(painted)
    assert tool.look(1002).state == "replaced"
    tool.connect(plate)
    assert states(tool) == {"right"}
    mattes = matte_files(tool)
    track(tool)
    assert matte_files(tool) == mattes


def matte_files(tool):
    """Give the bytes of the shot's mattes by the tool's own request."""
    return [tool.render(frame).pixels[..., 3].tobytes() for frame in FRAMES]


def test_track_begins_a_changed_shot_anew(engine, tool):
    """After a change Track makes a shot of the plates as they are now; the one before stays, with its mattes."""
    before, old = tool["ShotID"], matte_files(tool)
    other = {frame: plate(frame + 2) for frame in FRAMES}
    tool.connect(other.__getitem__)
    assert tool.look(1001).state == "replaced"
    track(tool)
    assert states(tool) == {"right"}
    assert tool["ShotID"] != before
    assert matte_files(tool) != old
    assert engine.shot(before)["mattes"] == engine.shot(tool["ShotID"])["mattes"] == list(FRAMES)


def test_a_change_beyond_the_prompts_is_found(engine, tool):
    """One painted pixel on a frame that nobody looks at is found while the shot is tracked, and all is tracked anew."""
    before = tool["ShotID"]
    tool.connect(painted)
    track(tool)
    assert tool["ShotID"] != before
    assert engine.shot(before)["mattes"] == list(FRAMES)
    assert states(tool) == {"right"}


def test_a_copied_comp_leaves_the_first_clip_alone(engine, tool):
    """A comp that was copied to another clip tracks into a shot of its own: the first clip's mattes stay right."""
    names = ("ShotID", "ShotOwner", "Points", "Transfer", "Point1Frame")
    copy = FusionHost(*FRAMES).add_tool(values={name: tool[name] for name in names})
    copy["Point1"] = (20 / 64, 0.5)
    copy.connect(lambda frame: plate(frame + 2))
    assert copy["ShotID"] == tool["ShotID"]
    before = matte_files(tool)
    track(copy)
    assert copy["ShotID"] != tool["ShotID"]
    tool.owner.kept = tool.host.lua.table()
    assert states(tool) == states(copy) == {"right"}
    assert matte_files(tool) == before
    assert {copy["ShotID"], tool["ShotID"]} <= set(engine.status()["shots"])


def test_a_preview_takes_the_plate_as_it_is(engine, tool):
    """Before anything is tracked a preview takes a changed plate anew; once there are mattes it leaves them alone."""
    fresh = FusionHost(*FRAMES).add_tool("MAM2_3")
    fresh.connect(plate)
    fresh.press("AddPoint")
    fresh["Point1"], fresh["Transfer"] = (20 / 64, 0.5), 1
    fresh.press("Preview")
    fresh.host.run_scripts()
    assert fresh.look(1001).state == "preview"
    for one, mattes in ((fresh, []), (tool, list(FRAMES))):
        one.connect(lambda frame: plate(frame + 2))
        assert one.look(1001).state == "replaced"
        one.press("Preview")
        one.host.run_scripts()
        assert engine.shot(one["ShotID"])["mattes"] == mattes
    assert fresh.look(1001).state == "preview"
    assert tool.look(1001).state == "replaced"


def test_haste_is_no_change(tool):
    """A host that renders a plate otherwise in haste has changed nothing: only what was rendered alike is compared."""

    def hasty(frame):
        return (plate(frame) * np.float16(0.99)).astype(np.float16)

    tool.connect(plate, in_haste=hasty)
    assert tool.render(1001).state == "right"
    assert tool.render(1002).state == "right"
    assert tool.look(1002).state == "right", "in haste it is another picture, in full quality the same"
    assert tool.host.world.disturbed == 0
    tool.connect(painted, in_haste=hasty)
    assert tool.look(1002).state == "replaced"


def test_a_proxy_is_not_compared(tool):
    """A plate in small says nothing about the plate that was sent."""
    tool.connect(painted)
    assert tool.look(1002, proxy=2).state == "right"


@pytest.fixture(scope="module")
def large():
    """Give a plate of 1920x1080 and a function from pixels to their fingerprint."""
    host = FusionHost()
    constructors = host.constructors()
    of = host.module("mam2.sent").fingerprint
    picture = np.random.default_rng(5).random((HEIGHT, WIDTH, 4), np.float32)
    return picture, lambda found, **how: of(host.image(found, **how), None, constructors)


@settings(max_examples=12)  # each sends 33 MB through the stand-in
@given(st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - STEP), st.integers(0, 2))
def test_sixteen_pixels_in_a_row_are_always_seen(large, y, x, channel):
    """At 1920x1080 a change of sixteen neighbours in a row, in one channel by the least bit, is never overlooked."""
    picture, of = large
    changed = picture.copy()
    part = changed[y, x : x + STEP, channel]
    part[:] = np.nextafter(part, np.float32(2))
    assert of(changed) != of(picture)


@pytest.mark.parametrize("x", [0, 1, 7, 15, 961, WIDTH - 1])
def test_a_thin_upright_line_is_seen(large, x):
    """A change in one column alone is noticed, whichever it is."""
    picture, of = large
    changed = picture.copy()
    changed[:, x, 0] += 0.25
    assert of(changed) != of(picture)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32])
def test_alpha_and_layout_change_nothing(dtype):
    """The same colours have one fingerprint, with another alpha, with gaps between rows, with the top row first."""
    picture = (np.random.default_rng(6).random((48, 64, 4)) * 200).astype(dtype)
    other = picture.copy()
    other[..., 3] = 1
    found = set()
    for pixels_of, ways in (
        (picture, {}),
        (other, {}),
        (picture, {"padding": 24}),
        (picture, {"top_first": True}),
        (picture, {"order": "BGRA"}),
    ):
        host = FusionHost(**ways)
        constructors = host.constructors()
        found.add(host.module("mam2.sent").fingerprint(host.image(pixels_of), None, constructors))
    assert len(found) == 1


def test_a_copy_by_the_host_has_a_fingerprint_too():
    """Where an image's own memory is not to be trusted, the host's copy of it is looked at."""
    host = FusionHost(on_gpu=True, gpu_stays=True)
    of, constructors = host.module("mam2.sent").fingerprint, host.constructors()
    picture = plate(1001)
    before = of(host.image(picture), None, constructors)
    assert before == of(host.image(picture), None, constructors)
    picture[20:24, 30:34] *= np.float16(1.5)
    assert of(host.image(picture), None, constructors) != before
