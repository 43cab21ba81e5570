"""Prompts on the command line become the contract's, in order."""

import json
from typing import Annotated

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from engine.cli.matte.options import (
    ARGUMENTS,
    ORDER,
    Given,
    OrderedCommand,
    merge,
    read_objects,
    read_prompt,
    read_prompt_file,
    read_range,
)
from engine.contract.errors import PromptError, ShotError
from engine.contract.frames import count, spell
from engine.contract.shot import Box, MaskPrompt, Point, Settings, Shot, ShotObject
from engine.contract.shot_json import objects_to_json, shot_to_json
from engine.farm.shot_files import find_shots

COORDINATES = st.floats(-1e4, 1e4).map(lambda value: round(value, 3))
VALUES = st.from_regex(r"[a-z0-9,@=-]{1,6}", fullmatch=True)
FRAMES = st.integers(-10_000, 10_000_000)


@given(x=COORDINATES, y=COORDINATES, frame=FRAMES, positive=st.booleans())
def test_a_point_means_what_it_says(x, y, frame, positive):
    """Any coordinates and frame that can be typed come back as that point."""
    option = "point" if positive else "not_point"
    typed = Given(option, f"{x:.3f},{y:.3f}@{frame}")
    assert read_prompt(typed, 0) == Point(frame, x, y, positive)


@given(corners=st.tuples(COORDINATES, COORDINATES, COORDINATES, COORDINATES), frame=FRAMES)
def test_a_box_means_what_it_says(corners, frame):
    """Left, top, right and bottom come back in that order."""
    typed = Given("box", ",".join(f"{value:.3f}" for value in corners) + f"@{frame}")
    assert read_prompt(typed, 0) == Box(frame, *corners)


def test_without_a_frame_a_prompt_is_on_the_first():
    """`@FRAME` may be left out."""
    assert read_prompt(Given("point", "3,4"), 1001) == Point(1001, 3, 4)
    assert read_prompt(Given("box", "1, 2, 3, 4"), 1001) == Box(1001, 1, 2, 3, 4)
    assert read_prompt(Given("mask", "a.png"), 1001) == MaskPrompt(1001, "a.png")


def test_a_mask_file_may_have_an_at_sign():
    """Only a number behind the last `@` is a frame."""
    assert read_prompt(Given("mask", "me@home/a.png@12"), 1) == MaskPrompt(12, "me@home/a.png")
    assert read_prompt(Given("mask", "me@home/a.png"), 1) == MaskPrompt(1, "me@home/a.png")
    assert read_prompt(Given("mask", "C:\\mattes\\a.png@-3"), 1) == MaskPrompt(-3, "C:\\mattes\\a.png")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("point", "12"),
        ("point", "1,2,3"),
        ("point", "1;2"),
        ("point", "a,b@1"),
        ("point", "1,2@x"),
        ("point", "1,2@1.5"),
        ("point", "nan,2"),
        ("point", "1,1e400"),
        ("point", ""),
        ("not_point", "1,"),
        ("box", "1,2,3"),
        ("box", "1,2,3,4,5@6"),
        ("mask", "@12"),
        ("mask", ""),
    ],
)
def test_a_malformed_prompt_is_explained(option, value):
    """What cannot be read is repeated, with the option's name and an example."""
    with pytest.raises(PromptError) as caught:
        read_prompt(Given(option, value), 1)
    name = "--" + option.replace("_", "-")
    assert caught.value.code == "prompt.malformed"
    assert f"{name} {value}" in caught.value.message
    assert name in caught.value.hint


def test_objects_take_the_prompts_that_follow_them():
    """`--object` names what comes after it, an object may be taken up again, and what comes before has a default."""
    options = [
        Given("point", "1,1"),
        Given("object_", "smoke"),
        Given("box", "0,0,2,2"),
        Given("object_", "cup"),
        Given("not_point", "3,3@5"),
        Given("point", "4,4"),
        Given("object_", "smoke"),
        Given("point", "5,5@6"),
    ]
    assert read_objects(options, 1) == (
        ShotObject("object", (Point(1, 1, 1),)),
        ShotObject("smoke", (Box(1, 0, 0, 2, 2), Point(6, 5, 5))),
        ShotObject("cup", (Point(5, 3, 3, positive=False), Point(1, 4, 4))),
    )


Texts = Annotated[list[str] | None, typer.Option()]


def _order_of(arguments):
    """Parse with a command like `matte`'s: its values, the order that it kept, and the arguments that it kept."""
    kept = []

    def verb(
        ctx: typer.Context,
        plates: str,
        *,
        point: Texts = None,
        box: Texts = None,
        object_: Annotated[list[str] | None, typer.Option("--object")] = None,
        out: Annotated[str, typer.Option("--out", "-o")] = "x",
        flag: Annotated[bool, typer.Option("--flag")] = False,
    ):
        kept.append((plates, point or [], box or [], object_ or [], out, flag))
        kept.extend([ctx.meta[ORDER], ctx.meta[ARGUMENTS]])

    app = typer.Typer()
    app.command(cls=OrderedCommand)(verb)
    typer.main.get_command(app).main(args=list(arguments), standalone_mode=False)
    return kept


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["--point", "--box", "--object"]), st.from_regex(r"[a-z0-9,@=-]{1,6}", fullmatch=True)
        ),
        max_size=8,
    ),
    st.integers(0, 255),
)
def test_the_order_of_options_is_kept(options, shape):
    """However options are mixed and written, with `=` or apart, their order across names is the typed one."""
    arguments = ["plates"]
    for index, (name, value) in enumerate(options):
        arguments += [f"{name}={value}"] if shape >> index & 1 else [name, value]
    values, order, kept = _order_of(arguments)
    names = {"--point": "point", "--box": "box", "--object": "object_"}
    assert [(name, value) for name, value in order if name in names.values()] == [
        (names[name], value) for name, value in options
    ]
    assert kept == tuple(arguments)
    for place, name in ((1, "--point"), (2, "--box"), (3, "--object")):
        assert values[place] == [value for typed, value in options if typed == name]


def test_other_options_do_not_disturb_the_order():
    """Flags, short options glued to their values and a late argument change nothing."""
    line = "--object a -oY --point 1 --flag plates --object=b --box 2"
    values, order, _ = _order_of(line.split())
    assert values == ("plates", ["1"], ["2"], ["a", "b"], "Y", True)
    prompts = [pair for pair in order if pair[0] in {"object_", "point", "box"}]
    assert prompts == [("object_", "a"), ("point", "1"), ("object_", "b"), ("box", "2")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1001-1100", (1001, 1100)), ("7", (7, 7)), ("-5-10", (-5, 10)), ("-9--3", (-9, -3)), (" 1 - 2 ", (1, 2))],
)
def test_ranges(text, expected):
    """Ranges read as written, single and negative frames too."""
    assert read_range(text) == expected


@pytest.mark.parametrize("text", ["", "a-b", "1-", "1-2-3", "1..5", "10-1"])
def test_a_range_that_is_none_is_explained(text):
    """A malformed or backward range says how to write it."""
    with pytest.raises(ShotError) as caught:
        read_range(text)
    assert "--range" in caught.value.hint


def test_objects_from_a_file(tmp_path):
    """A list under `objects` is read, and its masks are found beside the file."""
    objects = (ShotObject("cup", (Point(3, 1, 2), MaskPrompt(4, "masks/cup.png"))),)
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps({"objects": objects_to_json(objects)}))
    found = read_prompt_file(path)
    assert found.objects == (ShotObject("cup", (Point(3, 1, 2), MaskPrompt(4, str(tmp_path / "masks" / "cup.png")))),)
    assert (found.range, found.size, found.settings) == (None, None, None)


def test_a_whole_shot_from_a_file(tmp_path):
    """A shot gives its range, size and settings too."""
    forward = Settings(direction="forward")
    shot = Shot(5, 9, 64, 48, (ShotObject("cup", (Point(5, 1, 2),)),), forward)
    path = tmp_path / "shot.json"
    path.write_text(json.dumps(shot_to_json(shot)))
    found = read_prompt_file(path)
    assert (found.objects, found.range, found.size, found.settings) == (shot.objects, (5, 9), (64, 48), forward)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_prompts_file_may_be_in_any_unicode(tmp_path, encoding):
    """Files that an editor has saved with a byte order mark or in 16 bits are read like any other."""
    path = tmp_path / "prompts.json"
    path.write_bytes(json.dumps({"objects": [{"name": "cup", "prompts": []}]}).encode(encoding))
    assert read_prompt_file(path).objects == (ShotObject("cup", ()),)
    assert find_shots(tmp_path) == [path]


def test_the_layer_of_a_mask_is_part_of_its_prompt(tmp_path):
    """A mask's layer is given the same way on the command line and in a file, or by itself there."""
    typed = read_prompt(Given("mask", "roto.exr:key.alpha@1003"), 1)
    assert typed == MaskPrompt(1003, "roto.exr:key.alpha")
    path = tmp_path / "prompts.json"
    masks = [{"path": "roto.exr:key.alpha"}, {"path": "roto.exr", "layer": "key.alpha"}]
    prompts = [{"kind": "mask", "frame": 1003, **mask} for mask in masks]
    path.write_text(json.dumps({"objects": [{"name": "cup", "prompts": prompts}]}))
    expected = MaskPrompt(1003, f"{tmp_path / 'roto.exr'}:key.alpha")
    assert read_prompt_file(path).objects[0].prompts == (expected, expected)


def test_deep_nesting_is_explained(tmp_path):
    """JSON nested deeper than anybody writes is refused in words."""
    path = tmp_path / "prompts.json"
    path.write_text("[" * 100_000)
    with pytest.raises(PromptError, match=r"prompts\.json"):
        read_prompt_file(path)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"objects": 3}', '{"version": 9}', '{"objects": [{"name": "a"}]}'])
def test_a_damaged_prompts_file_is_explained(tmp_path, text):
    """Whatever is wrong inside, the error names the file."""
    path = tmp_path / "prompts.json"
    path.write_text(text)
    with pytest.raises((PromptError, ShotError), match=r"prompts\.json"):
        read_prompt_file(path)


def test_a_binary_prompts_file_is_explained(tmp_path):
    """Bytes that are no text are not JSON either, and no bug."""
    path = tmp_path / "prompts.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PromptError, match=r"prompts\.json"):
        read_prompt_file(path)


def test_typed_prompts_come_after_the_files():
    """Prompts typed for an object of the file are added to it; other objects follow."""
    of_file = (ShotObject("cup", (Point(1, 1, 1),)), ShotObject("smoke", (Point(1, 2, 2),)))
    typed = (ShotObject("hand", (Point(1, 3, 3),)), ShotObject("cup", (Point(2, 4, 4),)))
    assert merge(of_file, typed) == (
        ShotObject("cup", (Point(1, 1, 1), Point(2, 4, 4))),
        ShotObject("smoke", (Point(1, 2, 2),)),
        ShotObject("hand", (Point(1, 3, 3),)),
    )


def test_frames_are_spelled_in_groups():
    """Neighbours join, singles stand alone, and many groups are cut short with a count."""
    assert spell([1010, 1003, 1005, 1004]) == "1003-1005, 1010"
    assert spell([]) == ""
    assert spell(range(0, 40, 2), limit=3) == "0, 2, 4 and 17 more"


def test_frames_are_counted_in_words():
    """One frame is no plural."""
    assert [count(0), count(1), count(2)] == ["0 frames", "1 frame", "2 frames"]
