"""Every mistake gets one sentence and a hint, exit status 2, and leaves nothing behind."""

import json
import os
import shutil

import numpy as np
import OpenImageIO
import pytest

from engine.media.matte_files import write_exr
from engine.media.pictures import write_picture

CLICK = ("--point", "32,24@1001")


@pytest.fixture
def refused(matte, tmp_path):
    """Call `mam2 matte`, which must refuse, and give its sentence; no folder may be left where there was none."""

    def call(*options, **where):
        said = matte(*options, **where)
        assert said.code == 2, said.out + said.err
        assert said.out == ""
        assert not (tmp_path / "out").exists()
        return said.error

    return call


def test_missing_frames_are_listed(refused, plates, write_plate):
    """Gaps in the plates are named as ranges, before anything is done."""
    for frame in (1006, 1007, 1012):
        write_plate(plates.parent / f"shot.{frame}.exr")
    assert "1005, 1008-1011" in refused(*CLICK)


def test_a_range_beyond_the_plates_is_refused(refused):
    """Frames of the range that do not exist are missing frames."""
    assert "Frames 999-1000, 1005 of 'shot' are missing" in refused("--point", "1,1", "--range", "999-1005")


def test_plates_that_are_not_there(refused, tmp_path):
    """A pattern, a folder or a file without plates says so."""
    (tmp_path / "empty").mkdir()
    assert "other.####.exr" in refused(*CLICK, plates=tmp_path / "other.####.exr")
    assert "holds no images" in refused(*CLICK, plates=tmp_path / "empty")
    assert "nowhere.mov" in refused(*CLICK, plates=tmp_path / "nowhere.mov")


def test_an_empty_file_is_named(refused, plates):
    """A plate of no bytes, anywhere in the range, stops the shot before it begins."""
    (plates.parent / "shot.1003.exr").write_bytes(b"")
    assert "'shot.1003.exr' is empty" in refused(*CLICK)


@pytest.mark.parametrize("kept", [0.99, 0.5, 0.1])
def test_a_truncated_file_is_named(refused, plates, kept):
    """A plate cut short, even by a little, stops the shot before it begins."""
    path = plates.parent / "shot.1004.exr"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    assert "'shot.1004.exr' is cut short or damaged" in refused(*CLICK)


def test_damage_met_on_the_way_keeps_what_is_done(matte, tmp_path):
    """A PNG cut short comes out when it is read: the frames before it are whole, and it says so."""
    folder = tmp_path / "pngs"
    folder.mkdir()
    noise = np.random.default_rng(1).random((48, 64, 3), np.float32)
    for frame in range(1, 5):
        write_picture(folder / f"a.{frame}.png", noise)
    path = folder / "a.3.png"
    path.write_bytes(path.read_bytes()[:-2000])
    said = matte("--point", "32,24@1", plates=folder)
    assert said.code == 2
    assert "a.3.png" in said.error
    assert "2 frames finished" in said.err
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a_matte.1.exr", "a_matte.2.exr"]


@pytest.mark.parametrize("kind", [".tif", ".dpx", ".exr"])
def test_a_cut_is_seen_beforehand_in_every_film_format(refused, tmp_path, kind):
    """TIFF, DPX and EXR files cut short stop the shot before it begins."""
    image = OpenImageIO.ImageSpec(640, 480, 3, "uint16" if kind != ".exr" else "half")
    pixels = np.random.default_rng(1).random((480, 640, 3), np.float32)
    for frame in (1, 2):
        path = tmp_path / f"a.{frame}{kind}"
        output = OpenImageIO.ImageOutput.create(str(path))
        output.open(str(path), image)
        output.write_image(pixels)
        output.close()
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 95 // 100])
    assert path.name in refused("--point", "32,24@1", plates=tmp_path / f"a.#{kind}")


def test_mixed_sizes_are_named(refused, plates, write_plate):
    """A plate of another size is named with both sizes."""
    write_plate(plates.parent / "shot.1002.exr", size=(32, 48))
    assert "Frame 1002 of 'shot' is 32x48 pixels, but frame 1001 is 64x48" in refused(*CLICK)


def test_a_file_that_is_no_image(refused, plates):
    """A plate that is something else is named."""
    (plates.parent / "shot.1002.exr").write_text("not an image, but some text that is long enough to look at")
    assert "shot.1002.exr" in refused(*CLICK)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--point", "64.5,24@1001"), "outside the 64x48 plate"),
        (("--point", "-1,24@1001"), "outside the 64x48 plate"),
        (("--box", "0,0,65,20@1001"), "outside the 64x48 plate"),
        (("--box", "20,0,10,20@1001"), "has no area"),
        (("--point", "1,1@1005"), "on frame 1005, but the shot runs 1001-1004"),
        (("--point", "1,1@1001", "--range", "1002-1003"), "on frame 1001, but the shot runs 1002-1003"),
        ((), "Nothing says what to matte"),
        (("--object", "cup"), "Nothing says what to matte"),
        (("--object", "cup", "--object", "smoke", "--point", "1,1"), "'cup' has no prompt"),
        (("--object", "1st", "--point", "1,1"), "'1st' cannot name an object"),
        (("--object", "rgba", "--point", "1,1"), "'rgba'"),
        (("--not-point", "1,1"), "only says what is not the object"),
        (("--point", "1"), "--point X,Y@FRAME"),
        (("--box", "1,2,3"), "--box X0,Y0,X1,Y1@FRAME"),
        ((*CLICK, "--range", "a-b"), "'a-b' is not a frame range"),
        ((*CLICK, "--range", "1004-1001"), "ends before it begins"),
        ((*CLICK, "--direction", "sideways"), "'sideways' is not a direction"),
        ((*CLICK, "--mode", "mss"), "'mss' is not a mode"),
        ((*CLICK, "--corrections", "no"), "'no' is not a corrections"),
        ((*CLICK, "--device", "tpu"), "'tpu' is not a --device"),
        ((*CLICK, "--format", "jpg"), "'jpg' is not a --format"),
        ((*CLICK, "--preview", "gif"), "'gif' is not a --preview"),
        ((*CLICK, "--layers", "alpha,beta"), "'beta' is not a layer"),
        ((*CLICK, "--layers", ""), "is not a layer"),
        ((*CLICK, "--layers", "mask", "--format", "png16", "--preview", "sheet"), "preview needs the alpha"),
        ((*CLICK, "--colourspace", "Lineer"), "'Lineer' is no colour space"),
        ((*CLICK, "--colorspace", "Lineer"), "'Lineer' is no colour space"),
        ((*CLICK, "--name", "a/b"), "'a/b' cannot begin a file name"),
        ((*CLICK, "--plate-layer", "beauty"), "no layer or part called 'beauty'"),
        ((*CLICK, "--mask", "nowhere.png@1001"), "nowhere.png"),
        ((*CLICK, "--prompts", "nowhere.json"), "nowhere.json"),
        ((*CLICK, "--pont", "1,1"), "--pont"),
        (("--point",), "--point"),
    ],
)
def test_a_mistake_on_the_command_line(refused, options, words):
    """What is wrong is in the sentence."""
    assert words in refused(*options)


def test_a_pattern_that_the_shell_expanded(refused):
    """Where the shell has given every plate's name, the hint is the folder or the pattern to give instead."""
    sentence = refused("shot.1002.exr", "shot.1003.exr", *CLICK)
    assert "extra argument" in sentence


def test_a_mask_of_another_size(refused, tmp_path):
    """The mask is named with its object, frame and size."""
    write_exr(tmp_path / "mask.exr", {"A": np.ones((32, 32), np.float32)}, "")
    sentence = refused("--object", "cup", "--mask", f"{tmp_path / 'mask.exr'}@1002")
    assert "mask of 'cup' on frame 1002" in sentence
    assert "32x32" in sentence


def test_a_shot_file_of_other_plates(refused, tmp_path):
    """A shot whose size is not the plates' was made for others."""
    click = {"kind": "point", "frame": 1001, "x": 3, "y": 3}
    shot = {"version": 1, "range": [1001, 1002], "size": [8, 8], "objects": [{"name": "a", "prompts": [click]}]}
    (tmp_path / "shot.json").write_text(json.dumps(shot))
    assert "plates of another size" in refused("--prompts", tmp_path / "shot.json")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"rnage": [1001, 1002]}, "'rnage'"),
        ({"range": [1001, 1002]}, "'range' counts in a whole shot alone"),
        ({"settings": {"direction": "forward"}}, "'settings' counts in a whole shot alone"),
        ({"model": 3}, "'model' is 3"),
        ({"model": "nonsense"}, "no model 'nonsense'"),
        ({"version": 1, "range": [1001, 1002], "size": [64, 48], "modle": "starter"}, "'modle'"),
        ({"version": 1, "range": [1001, 1002], "size": [64, 48], "settings": {"directon": "both"}}, "directon"),
        ({"objects": [{"name": "a", "prompts": [], "colour": 1}]}, "An object has a key 'colour'"),
    ],
)
def test_a_key_that_nobody_reads_is_refused(refused, tmp_path, keys, words):
    """A misspelt key of a shot file, or one that counts in a whole shot alone, is named and nothing is matted."""
    click = {"kind": "point", "frame": 1001, "x": 3, "y": 3}
    (tmp_path / "shot.json").write_text(json.dumps({"objects": [{"name": "a", "prompts": [click]}], **keys}))
    assert words in refused("--prompts", tmp_path / "shot.json", "--model", "auto")


def test_a_model_that_does_not_exist(refused, tmp_path):
    """An unknown name and a missing file are both said before anything is done."""
    assert "no model 'nonsense'" in refused(*CLICK, "--model", "nonsense")
    assert "gone.safetensors" in refused(*CLICK, "--model", tmp_path / "gone.safetensors")


def test_a_checkpoint_that_is_something_else(refused, tmp_path):
    """A file that holds no weights of ours is named."""
    (tmp_path / "wrong.safetensors").write_bytes(b"PK\x03\x04 a zip file, by its first bytes, and some more of them")
    assert "wrong.safetensors" in refused(*CLICK, "--model", tmp_path / "wrong.safetensors")


def test_a_corrupt_checkpoint(refused, weights, tmp_path):
    """A weights file cut short is named."""
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(weights.read_bytes()[:-1000])
    assert "cut.safetensors" in refused(*CLICK, "--model", cut)


def test_a_device_that_is_not_there(refused):
    """A GPU that this machine lacks is said in one sentence."""
    import torch

    if torch.backends.mps.is_available():
        pytest.skip("this machine has an Apple GPU")
    assert "Apple GPU" in refused(*CLICK, "--device", "mps")


def test_a_file_where_the_folder_should_be(matte, tmp_path):
    """An output path that is a file, or lies under one, is refused, and the file is left alone."""
    file = tmp_path / "file"
    file.write_text("mine")
    assert "file" in matte(*CLICK, out=file).error
    assert "file" in matte(*CLICK, out=file / "under" / "it").error
    assert file.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder(matte, tmp_path):
    """A folder without permission is refused before the work."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    said = matte(*CLICK, out=locked / "mattes")
    assert said.code == 2
    assert "locked" in said.error
    assert list(locked.iterdir()) == []


def test_an_unwritable_file_system(matte):
    """A place where not even root can make a folder is refused before the work."""
    said = matte(*CLICK, out="/proc/mam2/mattes")
    assert said.code == 2
    assert "/proc" in said.error


def test_a_pattern_for_the_folder(refused, tmp_path):
    """`-o` takes a folder; a file pattern there is a misunderstanding."""
    assert "file pattern" in refused(*CLICK, out=tmp_path / "out.####.exr")


def test_a_full_disk_is_seen_before_the_work(refused, monkeypatch):
    """When what is free cannot hold the mattes, nothing is begun."""
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100))
    assert "free at" in refused(*CLICK)


def test_a_matte_that_cannot_be_written_keeps_the_others(matte, tmp_path):
    """When writing fails in the middle, finished frames stay and no unfinished file does."""
    (tmp_path / "out" / "shot_matte.1003.exr" / "in the way").mkdir(parents=True)
    said = matte(*CLICK)
    assert said.code == 2
    assert "shot_matte.1003.exr" in said.error
    left = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert left == ["shot_matte.1001.exr", "shot_matte.1002.exr", "shot_matte.1003.exr"]


def test_plates_are_never_overwritten(matte, plates):
    """A name and folder that would put mattes onto the plates are refused."""
    before = {path.name: path.read_bytes() for path in plates.parent.iterdir()}
    said = matte(*CLICK, "--name", "shot", out=plates.parent)
    assert "overwrite the plates" in said.error
    assert {path.name: path.read_bytes() for path in plates.parent.iterdir()} == before


def test_folders_that_were_there_stay(matte, tmp_path):
    """An output folder of the artist's own is left, with what is in it, when the work is refused."""
    (tmp_path / "out" / "deeper").mkdir(parents=True)
    assert matte(*CLICK, "--model", "nonsense", out=tmp_path / "out" / "deeper" / "new").code == 2
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out" / "deeper"]
    assert list((tmp_path / "out" / "deeper").iterdir()) == []


def test_memory_that_runs_out_is_no_bug(matte, monkeypatch):
    """Where there is no memory for a model's weights, one sentence says so, and what to do."""

    def short(*_, **__):
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr("engine.weights.models.load_model", short)
    said = matte(*CLICK)
    assert said.code == 2
    assert "too little memory for the model's weights" in said.error
