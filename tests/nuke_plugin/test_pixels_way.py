"""The way of the pixels: what the engine gets, and how the mattes come back."""

import numpy as np
import pytest
from comp import CENTRE, FIRST, SIZE, Comp, centre, read_exr

pytestmark = pytest.mark.usefixtures("shared_engine")
SPAN = (FIRST, FIRST + 2)


def _stored(engine, node, frame, view=""):
    """Give the plate that the engine holds of a node, and of one of its views."""
    (plate,) = engine.folder.glob(f"store/shots/nuke-{node['uid'].value()}{view}/plates/{frame}/*")
    return read_exr(plate)


def test_plates_are_whole_half_floats_whatever_the_viewer_shows(terminal, tmp_path, shared_engine):
    """In proxy mode the engine still gets full plates, cropped to the format, to the bit; proxy mode is as it was."""
    comp = Comp(terminal, tmp_path, SPAN)
    comp.add_point(FIRST, *centre(FIRST))
    terminal.nuke.root()["proxy"].setValue(True)
    comp.node["track_forward"].execute()
    assert terminal.nuke.root()["proxy"].value() is True
    assert comp.node.node("PlateWrite")["disable"].value() is True
    stored, origin = _stored(shared_engine, comp.node, FIRST)
    plate, _ = read_exr(tmp_path / "plates" / f"plate.{FIRST}.exr")
    assert origin == (0, 0)
    for channel in "RGB":
        assert np.array_equal(stored[channel], plate[channel][6:-6, 6:-6])


def _weight_centre(node, frame):
    """Give where a frame's alpha has its weight, in pixels of the format: of every third one each way."""
    spots = [(x + 0.5, y + 0.5) for x in range(1, SIZE[0], 3) for y in range(1, SIZE[1], 3)]
    alpha = [node.sample("rgba.alpha", x, y, 1, 1, frame=frame) for x, y in spots]
    return np.average(spots, axis=0, weights=alpha)


def test_half_quality_sends_a_quarter_of_the_pixels_and_gives_whole_mattes(terminal, tmp_path, shared_engine):
    """Plates go out at half their size, and the alpha that comes back fills the whole format."""
    comp = Comp(terminal, tmp_path, SPAN)
    comp.add_point(FIRST, *centre(FIRST))
    comp.node["quality"].setValue("half")
    comp.node["track_forward"].execute()
    stored, _ = _stored(shared_engine, comp.node, FIRST)
    assert stored["R"].shape == (SIZE[1] // 2, SIZE[0] // 2)
    whole = _weight_centre(comp.node, FIRST)
    assert whole == pytest.approx(centre(FIRST), abs=4)  # at half the size it would be at half of that
    comp.node["quality"].setValue("full")  # mattes that are there keep their own scale
    assert _weight_centre(comp.node, FIRST) == pytest.approx(whole)


def test_the_mask_input_is_a_prompt(terminal, tmp_path):
    """With no click at all, an alpha at the second input says what to matte."""
    comp = Comp(terminal, tmp_path, SPAN)
    x, y = CENTRE
    mask = terminal.nuke.nodes.Expression(inputs=[comp.read], expr3=f"pow(x-{x},2)+pow(y-{y},2)<100?1:0")
    comp.node.setInput(1, mask)
    comp.node["mask_on"].setValue(True)
    comp.node["mask_frames"].setValue(str(FIRST))
    comp.node["track_forward"].execute()
    assert comp.status == f"Mattes of {SPAN[0]}-{SPAN[1]} are up to date."
    assert comp.node.sample("rgba.alpha", x, y, 1, 1, frame=FIRST) > 0.5
    mask["expr3"].setValue("0")
    assert "out of date" in comp.settle()


def _press(comp, button):
    import mam2_nuke.running

    comp.node[button].execute()
    comp.session.pump_until(lambda: not mam2_nuke.running.is_running(comp.node["uid"].value()), 120.0)
    comp.settle()


def test_a_preview_shows_one_frame_and_promises_no_other(artist, tmp_path):
    """Preview mattes the current frame alone, in a Read of the shot's range; the shot is still to be tracked."""
    comp = Comp(artist, tmp_path, SPAN)
    comp.add_point(FIRST, *centre(FIRST))
    artist.nuke.frame(FIRST)
    _press(comp, "preview")
    assert "press Track" in comp.status
    assert comp.node.sample("rgba.alpha", CENTRE[0], CENTRE[1], 1, 1, frame=FIRST) > 0.5
    assert comp.node["has_matte"].value() == 0
    assert [comp.node.node("PreviewRead")[end].value() for end in ("first", "last")] == list(SPAN)


def test_every_object_has_a_matte_of_its_own(artist, tmp_path):
    """Two objects give two layers; the node shows all together, or the one that is chosen, or its trimap."""
    comp = Comp(artist, tmp_path, SPAN)
    comp.add_point(FIRST, *centre(FIRST))
    comp.node["object"].setValue("second")
    comp.add_point(FIRST, 55, 8)
    _press(comp, "track_forward")
    assert list(comp.node["matte_of"].values()) == ["all", "subject", "second"]
    from mam2_nuke.node import result_of

    artist.type_into(comp.node["matte_of"], "second")
    assert comp.node.node("Pick")["from0"].value() == "second.alpha"
    mattes, _ = read_exr(result_of(comp.node).path("", FIRST))
    assert {"subject.alpha", "second.alpha", "second.trimap"} <= set(mattes)
    comp.node["view"].setValue("trimap")
    assert comp.node.sample("rgba.red", 55.5, 8.5, 1, 1, frame=FIRST) == pytest.approx(
        float(mattes["second.trimap"][SIZE[1] - 9, 55]), abs=1e-3
    )


def test_the_menu_offers_the_models_that_are_ready(artist, tmp_path, shared_engine):
    """With an open panel the menu is `auto` and what the engine has; what was chosen stays chosen."""
    comp = Comp(artist, tmp_path, SPAN)
    with shared_engine.client() as client:
        ready = [one["name"] for one in client.models()["models"] if one["ready"]]
    assert "starter" in ready
    artist.pump_until(lambda: list(comp.node["model"].values()) == ["auto", *ready], 60.0)
    assert comp.node["model"].value() == "auto"


def test_every_view_is_tracked_by_itself(terminal, tmp_path, shared_engine):
    """In a stereo script each view has its own plates and mattes, and one Read takes both by %V."""
    terminal.nuke.addView("right")
    comp = Comp(terminal, tmp_path, SPAN)
    comp.add_point(FIRST, *centre(FIRST))
    comp.node["track_forward"].execute()
    assert comp.status == " ".join(
        f"{view}: Mattes of {SPAN[0]}-{SPAN[1]} are up to date." for view in terminal.nuke.views()
    )
    assert "/%V/matte.%04d.exr" in comp.node.node("MatteRead")["file"].value()
    for view in ("main", "right"):
        assert _stored(shared_engine, comp.node, FIRST, f"-{view}")
