"""Promises of the shot's JSON form."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract.errors import EngineError, PromptError, ShotError
from engine.contract.shot import DIRECTIONS, MODES, Box, MaskPrompt, Point, Settings, Shot, ShotObject
from engine.contract.shot_json import objects_from_json, prompt_from_json, shot_from_json, shot_to_json

frames = st.integers(1001, 1100)
points = st.builds(Point, frames, st.floats(0, 64), st.floats(0, 48), st.just(value=True))
boxes = st.builds(
    lambda f, x, y, w, h: Box(f, x, y, x + w, y + h),
    frames,
    st.floats(0, 30),
    st.floats(0, 20),
    st.floats(1, 30),
    st.floats(1, 20),
)
masks = st.builds(MaskPrompt, frames, st.text(st.characters(exclude_characters="\0"), min_size=1))
prompts = st.lists(st.one_of(points, boxes, masks), min_size=1, max_size=4).map(tuple)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
objects = st.lists(
    st.builds(ShotObject, names, prompts), min_size=1, max_size=3, unique_by=lambda thing: thing.name.casefold()
)
settings_of_shots = st.builds(Settings, st.sampled_from(DIRECTIONS), st.sampled_from(MODES))
shots = st.builds(Shot, st.just(1001), st.just(1100), st.just(64), st.just(48), objects.map(tuple), settings_of_shots)


@given(shots)
def test_a_shot_survives_the_wire(shot):
    """A shot written as JSON text and read back is the same shot."""
    assert shot == shot_from_json(json.loads(json.dumps(shot_to_json(shot))))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("read", [shot_from_json, objects_from_json, prompt_from_json])
@given(data=json_values)
def test_anything_else_is_refused_in_words(read, data):
    """JSON that is not a shot raises the user's kind of error, never another."""
    try:
        read(data)
    except EngineError as error:
        assert error.hint  # noqa: PT017 - an empty list of objects is fine for its reader
    else:
        assert read is objects_from_json
        assert not data


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "point", "frame": 1, "x": 1},
        {"kind": "point", "frame": 1.5, "x": 1, "y": 1},
        {"kind": "point", "frame": 1, "x": "1", "y": 1},
        {"kind": "point", "frame": 1, "x": 1, "y": 1, "positve": True},
        {"kind": "box", "frame": 1, "box": [1, 2, 3]},
        {"kind": "lasso", "frame": 1},
    ],
)
def test_a_misspelt_prompt_is_refused(data):
    """A prompt with a missing, extra or wrong value is refused with the form it should have."""
    with pytest.raises(PromptError, match="cannot be read"):
        prompt_from_json(data)


@pytest.mark.parametrize("key", ["rnage", "modle", "frames"])
def test_a_key_that_means_nothing_is_refused(key):
    """A key that no reader knows is named, and so is the one that was probably meant."""
    shot = {"version": 1, "range": [1, 2], "size": [8, 8], "objects": [], key: 1}
    with pytest.raises(ShotError, match=f"'{key}'") as caught:
        shot_from_json(shot)
    assert {"rnage": "range", "modle": "model"}.get(key, "Known: version") in caught.value.hint


def test_a_newer_version_is_refused():
    """A shot of a version that this engine does not know is refused by its number."""
    with pytest.raises(ShotError, match="version 2"):
        shot_from_json({"version": 2})


@pytest.mark.parametrize("kind", ["mask", "held"])
def test_a_zero_byte_in_a_path_is_refused_in_words(kind):
    """A path with a zero byte, which no system can open, is told with the prompt that has it."""
    mask = {"kind": "mask", "frame": 1, "path": "/shots/a\0.png"}
    held = {"kind": "core", "path": "/shots/a\0.png"}
    thing = {"name": "cup", "prompts": [mask] if kind == "mask" else [], "held": [held] if kind == "held" else []}
    with pytest.raises(PromptError, match="zero byte"):
        objects_from_json([thing])
