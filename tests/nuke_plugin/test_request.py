"""What the engine is asked: every knob reaches it, at the place and on the frame that the artist meant."""

from dataclasses import replace

import pytest
from comp import FIRST, LAST, SIZE, Comp, centre

NAMED = {"mask_frames": f"{FIRST}, {FIRST + 1}", "held_object": "subject"}
OTHER = {
    "string": "someone",
    "int": 5,
    "switch": True,
}


def _requests(comp):
    from mam2_nuke.request import read_requests

    return [replace(request, plates=None, masks=None) for request in read_requests(comp.node)]


def test_every_knob_of_the_table_that_is_for_the_engine_changes_what_it_is_asked(terminal, tmp_path):  # noqa: C901 - one branch a kind
    """Walking the table: with any request knob at another value the engine is asked something else."""
    from mam2_nuke.knobs import BY_NAME, TABLE, number_of, prompt_row

    comp = Comp(terminal, tmp_path)
    comp.node.setInput(1, comp.read)
    comp.node.setInput(2, comp.read)
    number = comp.add_point(FIRST, *centre(FIRST))
    box = comp.add_point(FIRST, 0, 0, kind="box")
    comp.link_to_tracker(number)
    comp.node["mask_on"].setValue(True)
    comp.node["mask_frames"].setValue(f"{FIRST}")
    walked = 0
    for row in (*TABLE, *prompt_row(number), *prompt_row(box)):
        slot = number_of(row.name)
        if row.use != "request" or row.name == "views" or (slot and row.kind == "box" and slot != box):
            continue  # a script of one view has no choice of views
        if slot == box and row.kind == "xy":
            continue
        knob = comp.node[row.name]
        before, old = _requests(comp), knob.toScript()
        if row.kind in ("xy", "box"):
            knob.setExpression("33", 0)
        elif row.name == "colourspace_name":
            comp.node["colourspace"].setValue(BY_NAME)
            before = _requests(comp)
            knob.setValue("ACEScg")
        elif row.name in NAMED:
            knob.setValue(NAMED[row.name])
        elif row.name in ("first", "last"):
            knob.setValue(knob.value() + (-1 if row.name == "first" else 1))
        elif row.kind == "choice":
            knob.setValue(next(word for word in row.menu if word not in (knob.value(), "negative", BY_NAME)))
        elif row.kind == "switch":
            knob.setValue(not knob.value())
        elif row.name.endswith("_frame"):
            knob.setValue(FIRST + 3)
        else:
            knob.setValue(OTHER[row.kind])
        assert _requests(comp) != before, row.name
        knob.fromScript(old)
        assert _requests(comp) == before, f"{row.name} was not put back"
        if row.name == "colourspace_name":
            comp.node["colourspace"].setValue("from the script")
        walked += 1
    assert walked > 20


@pytest.mark.parametrize("aspect", [1.0, 2.0])
def test_the_four_corner_pixels_are_where_they_are(terminal, tmp_path, aspect):
    """A click on a corner's pixel centre arrives at that pixel's centre, y turned round, whatever the pixel aspect."""
    comp = Comp(terminal, tmp_path, aspect=aspect)
    assert comp.read.pixelAspect() == aspect
    width, height = SIZE
    for x in (0.5, width - 0.5):
        for y in (0.5, height - 0.5):
            number = comp.add_point(FIRST, x, y)
            (point,) = [
                prompt
                for prompt in _requests(comp)[0].shot.objects[0].prompts
                if (prompt.x, prompt.y) == (x, height - y)
            ]
            assert point.positive
            comp.node[f"p{number:02d}_used"].setValue(False)


def test_a_tracked_prompt_is_read_where_the_tracker_is_on_every_nth_frame(terminal, tmp_path):
    """A point linked to a Tracker is sampled from its own frame on, at the Tracker's place on each frame."""
    comp = Comp(terminal, tmp_path)
    comp.link_to_tracker(comp.add_point(1004, 1, 1))
    comp.node["sample_every"].setValue(3)
    prompts = _requests(comp)[0].shot.objects[0].prompts
    assert [prompt.frame for prompt in prompts] == [1001, 1004, 1007, 1010]
    for prompt in prompts:
        x, y = centre(prompt.frame)
        assert (prompt.x, prompt.y) == (x, SIZE[1] - y)


def test_an_animated_point_is_sampled_where_its_keys_put_it(terminal, tmp_path):
    """A keyed point needs no tick: it is sampled like a linked one, wherever the playhead stands."""
    comp = Comp(terminal, tmp_path)
    number = comp.add_point(1003, 1, 1)
    knob = comp.node[f"p{number:02d}_xy"]
    knob.setAnimated()
    for frame, x in ((1001, 10.0), (1011, 20.0)):
        knob.setValueAt(x, frame, 0)
    terminal.nuke.frame(1011)
    comp.node["sample_every"].setValue(4)
    prompts = _requests(comp)[0].shot.objects[0].prompts
    assert [prompt.frame for prompt in prompts] == [1003, 1007, 1011]
    assert [prompt.x for prompt in prompts] == pytest.approx([knob.valueAt(frame, 0) for frame in (1003, 1007, 1011)])


def test_a_prompt_that_is_off_or_removed_says_nothing(terminal, tmp_path):
    """Taking the tick from a prompt leaves it out and keeps it; removing it frees its place for the next."""
    comp = Comp(terminal, tmp_path)
    comp.add_point(FIRST, *centre(FIRST))
    second = comp.add_point(FIRST, 5, 5, kind="negative")
    comp.node[f"p{second:02d}_on"].setValue(False)
    assert len(_requests(comp)[0].shot.objects[0].prompts) == 1
    comp.node[f"p{second:02d}_on"].setValue(True)
    assert [prompt.positive for prompt in _requests(comp)[0].shot.objects[0].prompts] == [True, False]
    comp.node[f"p{second:02d}_remove"].execute()
    assert len(_requests(comp)[0].shot.objects[0].prompts) == 1
    assert comp.add_point(1004, 7, 7) == second


def _colours(comp):
    return _requests(comp)[0].shot.settings.colourspace


def test_the_scripts_own_configuration_says_what_the_plate_is(terminal, tmp_path, monkeypatch):
    """A role is one of the script's own configuration, which goes to the engine; else the artist is asked."""
    monkeypatch.delenv("OCIO", raising=False)
    comp = Comp(terminal, tmp_path)
    comp.add_point(FIRST, *centre(FIRST))
    root = terminal.nuke.root()
    assert _colours(comp) is None
    root["colorManagement"].setValue("OCIO")
    root["workingSpaceLUT"].setValue("scene_linear")
    assert "is the role 'scene_linear' of a configuration that is not found" in comp.settle()
    comp.node["colourspace"].setValue("ACEScg")
    assert _colours(comp) == "ACEScg"
    comp.node["colourspace"].setValue("from the script")
    root["workingSpaceLUT"].setValue("ACES - ACEScg")
    assert _colours(comp) == "ACES - ACEScg"
    config = tmp_path / "config.ocio"
    config.write_text("ocio_profile_version: 2")
    root["OCIO_config"].setValue("custom")
    root["customOCIOConfigPath"].setValue(str(config))
    root["workingSpaceLUT"].setValue("scene_linear")
    assert _colours(comp) == f"scene_linear @ {config}"
    monkeypatch.setenv("OCIO", "/studio/config.ocio")
    assert _colours(comp) == "scene_linear @ /studio/config.ocio"


def test_a_view_that_is_not_chosen_is_not_tracked(terminal, tmp_path):
    """A stereo script offers a choice of views; a name that is none is said."""
    terminal.nuke.addView("right")
    comp = Comp(terminal, tmp_path)
    comp.add_point(FIRST, *centre(FIRST))
    assert [request.view for request in _requests(comp)] == ["main", "right"]
    comp.node["views"].setValue("right")
    assert [request.view for request in _requests(comp)] == ["right"]
    comp.node["views"].setValue("left")
    assert comp.settle().startswith("The script has no view 'left'.")


def test_the_range_is_taken_from_the_input(terminal, tmp_path):
    """A new node has its plate's range, and 'from input' takes it over again."""
    comp = Comp(terminal, tmp_path)
    assert (comp.node["first"].value(), comp.node["last"].value()) == (FIRST, LAST)
    comp.node["first"].setValue(1)
    comp.node["set_range"].execute()
    assert (comp.node["first"].value(), comp.node["last"].value()) == (FIRST, LAST)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda comp, _: comp.node.setInput(0, None), "Connect a plate"),
        (lambda comp, number: comp.node[f"p{number:02d}_xy"].setValue(-9, 0), "lies outside the plate"),
        (lambda comp, number: comp.node[f"p{number:02d}_frame"].setValue(LAST + 9), "the shot runs"),
        (lambda comp, number: comp.node[f"p{number:02d}_object"].setValue("7 up"), "cannot name an object"),
        (lambda comp, _: comp.node["mask_on"].setValue(True), "nothing is connected to it"),
        (lambda comp, _: comp.node["last"].setValue(FIRST - 1), "holds no frame"),
    ],
)
def test_what_cannot_be_tracked_is_said_in_the_status(terminal, tmp_path, change, words):
    """Each mistake has its sentence in the node, and pressing Track says the same and starts nothing."""
    comp = Comp(terminal, tmp_path)
    change(comp, comp.add_point(FIRST, *centre(FIRST)))
    assert words in comp.settle()
    with pytest.raises(RuntimeError):
        comp.node["track_both"].execute()
    assert not terminal.rendered
