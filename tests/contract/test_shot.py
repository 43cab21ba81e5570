"""Promises of the shot: what is refused, and with which words."""

import pytest

from engine.contract.errors import PromptError, ShotError
from engine.contract.shot import Box, MaskPrompt, Point, Settings, Shot, ShotObject

CLICK = Point(1001, 10, 20)


def _shot(*prompts, first=1001, last=1010, **settings):
    return Shot(first, last, 64, 48, (ShotObject("subject", prompts),), Settings(**settings))


def test_frames_keep_the_hosts_numbers():
    """A shot's frames are the host's own numbers, both ends included."""
    assert list(_shot(CLICK, last=1003).frames) == [1001, 1002, 1003]


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        (Point(1011, 1, 1), "prompt.outside_range"),
        (Point(1001, 64.5, 1), "prompt.outside_plate"),
        (Point(1001, 1, -0.1), "prompt.outside_plate"),
        (Point(1001, float("nan"), 1), "prompt.outside_plate"),
        (Box(1001, 5, 5, 5, 9), "prompt.empty_box"),
        (Box(1001, 5, 5, 65, 9), "prompt.outside_plate"),
        (Point(1001, 1, 1, positive=False), "prompt.only_negative"),
    ],
)
def test_a_prompt_that_does_not_fit_is_refused(prompt, code):
    """A prompt outside the plate or the range, without area or only negative is refused by its own code."""
    with pytest.raises(PromptError) as caught:
        _shot(prompt)
    assert code == caught.value.code
    assert caught.value.hint


def test_prompts_on_the_plates_border_are_inside():
    """The plate's own corners are inside it."""
    assert _shot(Point(1001, 0, 0), Point(1010, 64, 48)).objects[0].frames() == (1001, 1010)


def test_a_shot_without_prompts_is_refused():
    """Nothing to matte is an error that says what to give."""
    with pytest.raises(PromptError) as caught:
        _shot()
    assert caught.value.code == "prompt.none"


def test_every_object_needs_a_prompt():
    """An object without a prompt is named."""
    with pytest.raises(PromptError, match="empty"):
        Shot(1, 2, 8, 8, (ShotObject("full", (Point(1, 1, 1),)), ShotObject("empty", ())))


@pytest.mark.parametrize("name", ["", "1", "a b", "a/b", "..", "ä", "x" * 65, "other", "RGBA"])
def test_a_name_that_cannot_be_a_layer_is_refused(name):
    """Object names become layer names: only letters, digits, '_' and '-' make one, and no word for channels does."""
    with pytest.raises(ShotError, match="cannot name"):
        Shot(1, 1, 8, 8, (ShotObject(name, (Point(1, 1, 1),)),))


def test_names_are_unique():
    """Two objects of one name are refused."""
    with pytest.raises(ShotError, match="Two objects"):
        Shot(1, 1, 8, 8, (ShotObject("a", (Point(1, 1, 1),)),) * 2)


def test_names_that_differ_in_case_are_refused():
    """Two objects whose files or layers some systems could not tell apart are refused by both names."""
    click = (Point(1, 1, 1),)
    with pytest.raises(ShotError, match="Car and car differ in case"):
        Shot(1, 1, 8, 8, (ShotObject("Car", click), ShotObject("car", click)))


def test_a_range_of_dates_is_refused():
    """A range that nobody can have footage of is refused before anything counts through it."""
    with pytest.raises(ShotError, match="1011100000001 frames"):
        _shot(CLICK, first=20240101101500, last=21251201101500)


@pytest.mark.parametrize(
    ("path", "file", "layer"),
    [
        ("m.png", "m.png", None),
        ("/a/m.exr:roto", "/a/m.exr", "roto"),
        ("C:\\a\\m.exr", "C:\\a\\m.exr", None),
        ("C:\\a\\m.exr:roto.alpha", "C:\\a\\m.exr", "roto.alpha"),
        ("C:m.exr", "C:m.exr", None),
        ("a:b/m.exr", "a:b/m.exr", None),
    ],
)
def test_a_mask_may_name_a_layer(path, file, layer):
    """What follows an extension and a colon is a layer; the file can be moved without it."""
    prompt = MaskPrompt(1, path)
    assert (prompt.file, prompt.layer) == (file, layer)
    assert prompt.moved("n.exr").path == ("n.exr" if layer is None else f"n.exr:{layer}")


def test_an_empty_range_is_refused():
    """A range that ends before it begins is refused."""
    with pytest.raises(ShotError, match="no frame"):
        _shot(CLICK, first=1010, last=1001)


@pytest.mark.parametrize("field", ["direction", "mode", "corrections"])
def test_unknown_settings_list_the_known(field):
    """A setting that does not exist is refused with those that do."""
    with pytest.raises(ShotError) as caught:
        Settings(**{field: "sideways"})
    assert caught.value.hint.startswith("Choose one of")


def test_prompts_of_a_frame_keep_their_order():
    """The prompts of one frame come in the order they were made."""
    thing = ShotObject("a", (Point(2, 1, 1), MaskPrompt(1, "m.png"), Point(2, 3, 3, positive=False)))
    assert thing.on(2) == (Point(2, 1, 1), Point(2, 3, 3, positive=False))
