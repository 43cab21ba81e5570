"""`mam2 matte` end to end, on small plates with a small untrained model: files, layers, order, previews."""

import json

import numpy as np
import pytest

from engine.media.matte_files import read_matte, read_signature, write_exr
from engine.media.plates import open_plates

FRAMES = range(1001, 1005)


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_one_click_makes_a_matte_of_every_frame(matte, tmp_path):
    """Every frame of the plates has an EXR with the alpha in A and in the object's layer, and a signature."""
    said = matte("--point", "32,24@1001")
    assert said.code == 0, said.err
    assert _names(tmp_path / "out") == [f"shot_matte.{frame}.exr" for frame in FRAMES]
    for frame in FRAMES:
        path = tmp_path / "out" / f"shot_matte.{frame}.exr"
        channels = read_matte(path)
        assert set(channels) == {"R", "G", "B", "A", "object.alpha"}
        assert channels["A"].shape == (48, 64)
        np.testing.assert_array_equal(channels["A"], channels["object.alpha"])
        assert 0 <= channels["A"].min() < channels["A"].max() <= 1
        assert len(read_signature(path)) == 32


def test_the_summary_says_where_and_how(matte, tmp_path):
    """The last words name the frames, the pace, the files, the channels and how to look at them."""
    said = matte("--point", "32,24")
    assert "4 frames matted" in said.out
    assert "frames/s" in said.out
    assert f"{tmp_path / 'out' / 'shot_matte.####.exr'}  frames 1001-1004" in said.out
    assert "object.alpha" in said.out
    assert "Nuke: Read" in said.out


def test_what_lies_beside_the_mattes_is_told(matte, tmp_path, plates):
    """Mattes of a longer range, and plates in the same folder, are not mixed in silence."""
    assert matte("--point", "32,24").code == 0
    shorter = matte("--point", "32,24", "--range", "1001-1002")
    assert f"'{tmp_path / 'out'}' keeps older mattes of frames 1003-1004" in shorter.err
    beside = matte("--point", "32,24", out=plates.parent)
    assert "go into the plates' folder" in beside.err


def test_an_object_that_may_be_lost_is_told(monkeypatch, matte):
    """The summary names an object that may be lost, the frame, and what to do."""
    monkeypatch.setattr("engine.session.results.SURE", 1.1)
    assert "'object' may be lost from frame 1002" in matte("--point", "32,24").out


def test_without_a_terminal_progress_is_plain_lines(matte):
    """A log gets the first and the last frame with count, pace and time left, and no control characters."""
    said = matte("--point", "32,24")
    lines = [line for line in said.err.splitlines() if line.startswith("frame ")]
    assert lines[0].startswith("frame 1001: 1 of 4, ")
    assert lines[-1].startswith("frame 1004: 4 of 4, ")
    assert "frames/s, " in lines[-1]
    assert "\x1b" not in said.err
    assert "\r" not in said.err


def test_objects_and_layers(matte, tmp_path):
    """Each object has its chosen layers, and its prompts are its own."""
    options = "--object cup --box 2,2,20,20 --object smoke --point 32,24 --layers alpha,trimap,mask"
    said = matte(*options.split())
    assert said.code == 0, said.err
    channels = read_matte(tmp_path / "out" / "shot_matte.1002.exr")
    layers = {name for name in channels if "." in name}
    assert layers == {f"{thing}.{layer}" for thing in ("cup", "smoke") for layer in ("alpha", "trimap", "mask")}
    assert set(np.unique(channels["cup.trimap"])) <= {0, 0.5, 1}
    assert not np.array_equal(channels["cup.mask"], channels["smoke.mask"])
    assert "matting cup, smoke" in said.err


def test_the_same_prompts_from_a_file_make_the_same_mattes(matte, tmp_path):
    """A prompts file and the options that say the same give equal signatures, which cover every prompt."""
    prompts = [
        {"kind": "point", "frame": 1002, "x": 32, "y": 24},
        {"kind": "point", "frame": 1003, "x": 5, "y": 6, "positive": False},
    ]
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps({"objects": [{"name": "cup", "prompts": prompts}]}))
    options = ("--object", "cup", "--point", "32,24@1002", "--not-point", "5,6@1003")
    assert matte("--prompts", path, out=tmp_path / "a").code == 0
    assert matte(*options, out=tmp_path / "b").code == 0
    for frame in FRAMES:
        name = f"shot_matte.{frame}.exr"
        assert read_signature(tmp_path / "a" / name) == read_signature(tmp_path / "b" / name)


def test_a_range_is_matted_alone(matte, tmp_path):
    """Only the frames of the range are read and written; a prompt without a frame is on its first."""
    (tmp_path / "plates" / "shot.1001.exr").write_bytes(b"")
    said = matte("--range", "1002-1003", "--point", "32,24", plates=tmp_path / "plates" / "shot.####.exr")
    # The empty first plate is the one whose header says how large the others are.
    assert said.code == 2
    (tmp_path / "plates" / "shot.1001.exr").unlink()
    assert matte("--range", "1002-1003", "--point", "32,24").code == 0
    assert _names(tmp_path / "out") == ["shot_matte.1002.exr", "shot_matte.1003.exr"]


@pytest.mark.parametrize(("direction", "frames"), [("forward", (1002, 1003, 1004)), ("backward", (1001, 1002))])
def test_a_direction_mattes_what_lies_there(matte, tmp_path, direction, frames):
    """One-way tracking writes the frames on its way and says that these are all."""
    said = matte("--point", "32,24@1002", "--direction", direction)
    assert said.code == 0
    assert _names(tmp_path / "out") == [f"shot_matte.{frame}.exr" for frame in frames]
    assert f"{len(frames)} frames matted" in said.out


def test_an_object_that_begins_later_is_empty_before(matte, tmp_path):
    """On frames that tracking does not reach, an object's layers are there and black."""
    options = "--object a --point 32,24@1001 --object b --point 9,9@1003 --direction forward"
    said = matte(*options.split())
    assert said.code == 0, said.err
    assert not read_matte(tmp_path / "out" / "shot_matte.1002.exr")["b.alpha"].any()
    assert read_matte(tmp_path / "out" / "shot_matte.1003.exr")["b.alpha"].any()


def test_sixteen_bit_pngs(matte, tmp_path):
    """`--format png16` writes a file for each object and layer."""
    said = matte("--point", "32,24", "--format", "png16", "--layers", "alpha,mask", "--name", "v7")
    assert said.code == 0, said.err
    expected = [f"v7.object.{layer}.{frame}.png" for layer in ("alpha", "mask") for frame in FRAMES]
    assert _names(tmp_path / "out") == sorted(expected)


def test_one_image_is_a_shot_of_one_frame(matte, plates, tmp_path):
    """A single file needs no pattern, and its prompts no frame."""
    assert matte("--point", "32,24", plates=plates.parent / "shot.1003.exr").code == 0
    assert _names(tmp_path / "out") == ["shot_matte.1003.exr"]


def test_the_first_line_says_which_layer_is_matted(matte, tmp_path):
    """Of an EXR with passes the beauty is matted, and said; signs that hosts read as patterns stay out of the names."""
    folder = tmp_path / "shots"
    folder.mkdir()
    y, x = np.mgrid[:48, :64].astype(np.float32) / 64
    passes = {f"{name}.{colour}": value for name, value in (("AO", x), ("beauty", y)) for colour in "RGB"}
    for frame in (-1, 0):
        write_exr(folder / f"50% [v2].{frame:04d}.exr", passes, "")
    said = matte("--point", "32,24", plates=folder)
    assert said.code == 0, said.err
    assert "2 frames -1-0, 64x48, layer beauty, " in said.err
    assert _names(tmp_path / "out") == ["50_ _v2__matte.-001.exr", "50_ _v2__matte.0000.exr"]


def test_a_mask_prompt(matte, tmp_path):
    """A matte of one shot can be the mask prompt of another."""
    assert matte("--point", "32,24", out=tmp_path / "first").code == 0
    mask = tmp_path / "first" / "shot_matte.1002.exr"
    if not (read_matte(mask)["A"] > 0.5).any():
        pytest.fail("the small model's matte is empty: choose another seed")
    assert matte("--mask", f"{mask}@1002").code == 0


@pytest.mark.parametrize("kind", ["exr", "png16"])
def test_a_contact_sheet(matte, tmp_path, kind):
    """`--preview sheet` adds one picture of the finished mattes."""
    said = matte("--point", "32,24", "--preview", "sheet", "--format", kind)
    assert said.code == 0, said.err
    sheet = tmp_path / "out" / "shot_matte_preview.png"
    assert f"preview   {sheet}" in said.out
    with open_plates(sheet) as picture:
        assert picture.size[0] > 4 * 320
        assert np.ptp(picture.read(1).pixels_hwc) > 0.3


def test_a_preview_movie(matte, tmp_path):
    """`--preview movie` adds a movie with a picture for every frame."""
    assert matte("--point", "32,24", "--preview", "movie").code == 0
    with open_plates(tmp_path / "out" / "shot_matte_preview.mp4") as movie:
        assert len(movie.frames) == len(FRAMES)
        assert movie.size == (64, 48)


def test_a_whole_shot_file_brings_its_range_and_settings(matte, tmp_path):
    """A shot's JSON needs no other option, and options given win over it."""
    shot = {
        "version": 1,
        "range": [1002, 1004],
        "size": [64, 48],
        "objects": [{"name": "cup", "prompts": [{"kind": "point", "frame": 1003, "x": 32, "y": 24}]}],
        "settings": {"direction": "forward"},
    }
    path = tmp_path / "shot.json"
    path.write_text(json.dumps(shot))
    assert matte("--prompts", path, out=tmp_path / "a").code == 0
    assert _names(tmp_path / "a") == ["shot_matte.1003.exr", "shot_matte.1004.exr"]
    assert matte("--prompts", path, "--direction", "backward", out=tmp_path / "b").code == 0
    assert _names(tmp_path / "b") == ["shot_matte.1002.exr", "shot_matte.1003.exr"]
