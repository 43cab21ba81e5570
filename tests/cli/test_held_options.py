"""Masks to hold a matte to, foreground colours and Cryptomatte, from the command line to the files."""

import json

import numpy as np
import pytest

from engine.cli.matte.options import Given, merge, read_held_option, read_objects, with_paths
from engine.contract.errors import PromptError
from engine.contract.held import HeldMask
from engine.contract.shot import Point, ShotObject
from engine.media.cryptomatte import TYPE, id_bits
from engine.media.matte_files import read_matte, read_signature, write_exr

SIZE = (64, 48)
CLICK = ("--point", "32,24@1001")


@pytest.mark.parametrize(
    ("option", "typed", "held"),
    [
        ("core", "a.exr", HeldMask("core", "a.exr")),
        ("not_core", "a.exr@12", HeldMask("core", "a.exr", 12, 12, invert=True)),
        ("garbage", "m/a.####.exr:cup.alpha@1001-1050", HeldMask("garbage", "m/a.####.exr", 1001, 1050, "cup.alpha")),
        ("not_garbage", "C:\\m\\a.%04d.exr:body", HeldMask("garbage", "C:\\m\\a.%04d.exr", layer="body", invert=True)),
        ("unknown", "me@home/a.png@-3--1", HeldMask("unknown", "me@home/a.png", -3, -1)),
        ("trimap", "a.png", HeldMask("trimap", "a.png")),
    ],
)
def test_a_mask_is_typed_with_its_frames_and_layer(option, typed, held):
    """File, layer and frames are read from behind, so that paths may hold any sign."""
    assert read_held_option(Given(option, typed)) == held


def test_masks_belong_to_the_object_before_them():
    """A mask is the object's whose name stands before it; what a file says of the object comes first."""
    given = [Given("object_", "cup"), Given("point", "1,2"), Given("core", "c.png"), Given("object_", "tree")]
    typed = read_objects([*given, Given("garbage", "g.png")], 1)
    assert typed[0] == ShotObject("cup", (Point(1, 1, 2),), (HeldMask("core", "c.png"),))
    assert typed[1].held == (HeldMask("garbage", "g.png"),)
    of_file = (ShotObject("cup", (Point(1, 3, 4),), (HeldMask("garbage", "f.png"),)),)
    assert [held.path for held in merge(of_file, typed)[0].held] == ["f.png", "c.png"]
    assert with_paths(typed[0], "x/{}".format).held[0].path == "x/c.png"
    with pytest.raises(PromptError):
        read_held_option(Given("core", ""))


@pytest.fixture
def masks(tmp_path):
    """Masks of the left half on frames 1002 and 1003, in the layer `left` of numbered files; their pattern."""
    left = np.zeros(SIZE[::-1], np.float32)
    left[:, : SIZE[0] // 2] = 1
    for frame in (1002, 1003):
        write_exr(tmp_path / f"mask.{frame}.exr", {"left.A": left, "A": 1 - left}, "")
    return tmp_path / "mask.####.exr"


def frames(folder):
    """Give the channels of every matte in a folder, by frame."""
    return {int(path.name.split(".")[1]): read_matte(path) for path in sorted(folder.glob("*.exr"))}


def test_garbage_from_the_command_line_by_stages_and_with_resume(matte, masks, tmp_path):
    """Garbage empties its own frames alone; `--resume` makes these anew, and stages give the same to the bit."""
    assert matte(*CLICK).code == 0
    before = frames(tmp_path / "out")
    garbage = ("--garbage", f"{masks}:left@1002-1003")
    said = matte(*CLICK, *garbage, "--resume")
    assert said.code == 0, said.err
    assert "2 frames done before and still valid" in said.out
    after = frames(tmp_path / "out")
    half = SIZE[0] // 2
    for frame in (1002, 1003):
        assert not after[frame]["object.alpha"][:, :half].any()
        assert np.array_equal(after[frame]["object.alpha"][:, half:], before[frame]["object.alpha"][:, half:])
    for stage in ("trimap", "alpha", "check"):
        assert matte(*CLICK, *garbage, "--stage", stage, out=tmp_path / "staged").code == 0
    staged = frames(tmp_path / "staged")
    assert all(np.array_equal(staged[f]["object.alpha"], after[f]["object.alpha"]) for f in after)


def test_a_shot_file_holds_masks_beside_it(matte, masks, tmp_path):
    """A shot file names masks relative to itself, and gives what the command line gives."""
    thing = {"name": "cup", "prompts": [{"kind": "point", "frame": 1001, "x": 32, "y": 24}]}
    thing["held"] = [{"kind": "core", "path": masks.name, "layer": "left", "range": [1002, 1002]}]
    file = tmp_path / "shot.json"
    file.write_text(json.dumps({"objects": [thing]}))
    said = matte("--prompts", file)
    assert said.code == 0, said.err
    assert (frames(tmp_path / "out")[1002]["cup.alpha"][:, : SIZE[0] // 2] == 1).all()


def test_a_mask_without_a_file_is_told_before_the_work(matte, masks):
    """A frame of the shot that a mask has no file for is named before anything is computed."""
    said = matte(*CLICK, "--core", f"{masks}@1002-1004")
    assert said.code == 2
    assert "frame 1004" in said.error


def test_colours_and_ids_in_the_files(matte, tmp_path, plates):
    """`fg`, `despill`, `bg` and `cryptomatte` are layers of their objects, and `--premult` puts colours into RGB."""
    options = ("--object", "cup", *CLICK, "--layers", "fg,despill,bg,cryptomatte", "--premult", "--range", "1001-1002")
    said = matte(*options)
    assert said.code == 0, said.err
    path = tmp_path / "out" / "shot_matte.1001.exr"
    found, plate = read_matte(path), read_matte(str(plates).replace("####", "1001"))
    wanted = {f"{layer}.{c}" for layer in ("cup", "cup_despill", "cup_bg") for c in "RGB"}
    wanted |= {f"{TYPE}{level:02d}.{c}" for level in range(3) for c in "RGBA"}
    assert set(found) == {"R", "G", "B", "A", "cup.alpha"} | wanted
    alpha = found["cup.alpha"]
    for c in "RGB":
        np.testing.assert_allclose(found[c], found[f"cup.{c}"] * alpha, atol=2e-3)
        np.testing.assert_allclose(found[f"cup_despill.{c}"], (found[f"cup.{c}"] - plate[c]) * alpha, atol=3e-3)
        again = found[f"cup.{c}"] * alpha + found[f"cup_bg.{c}"] * (1 - alpha)
        np.testing.assert_allclose(again, plate[c], atol=1 / 255)
    shown = found[f"{TYPE}00.G"] > 0
    assert (found[f"{TYPE}00.R"][shown].view(np.uint32) == id_bits("cup")).all()
    np.testing.assert_allclose(found[f"{TYPE}00.G"], alpha, atol=3e-4)
    signature = read_signature(path)
    assert matte(*options, "--resume").out.count("2 frames done before") == 1
    clean = ("--clean-plate", str(plates).replace("####", "1004"))
    assert matte(*options, "--resume", *clean).code == 0
    assert read_signature(path) != signature


def test_files_are_packed_as_asked(matte, tmp_path):
    """`--crop --compression dwaa` with `--premult` keeps alpha to the bit; files packed otherwise are made anew."""
    options = (*CLICK, "--range", "1001-1001", "--premult")
    assert matte(*options).code == 0
    path = tmp_path / "out" / "shot_matte.1001.exr"
    plain = read_matte(path)
    assert matte(*options, "--resume").out.count("1 frame done before") == 1
    said = matte(*options, "--resume", "--crop", "--compression", "dwaa")
    assert said.code == 0, said.err
    assert "done before" not in said.out
    np.testing.assert_array_equal(read_matte(path)["A"], plain["A"])
    assert matte(*options, "--compression", "lossy").code == 2
    assert "hold alpha" in matte(*CLICK, "--compression", "dwaa").error


@pytest.mark.parametrize(
    "options",
    [
        ("--layers", "fg", "--format", "png16"),
        ("--layers", "colour"),
        ("--clean-plate", "{plates}"),
        ("--premult", "--clean-plate", "{odd}"),
    ],
)
def test_layers_that_make_no_sense_are_refused(matte, plates, tmp_path, write_plate, options):
    """Colours in PNG, unknown layers, a clean plate for nothing or of another size: each is refused in words."""
    write_plate(tmp_path / "odd.exr", size=(32, 32))
    said = matte(*CLICK, *(one.format(plates=plates, odd=tmp_path / "odd.exr") for one in options))
    assert said.code == 2
    assert said.error
