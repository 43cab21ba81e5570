"""`mam2 matte --stage`: tracking on one machine, mattes made from its trimaps anywhere, to the same bits."""

import numpy as np
import pytest

from engine.media.matte_files import read_matte, read_signature, write_exr

FRAMES = range(1001, 1005)
TWO = (
    "--object cup --box 2,2,30,30@1001 --object smoke --point 32,24@1003 --direction forward --layers alpha,trimap,mask"
)


def _mattes(folder):
    """Every channel of every matte to the bit, and the signatures; a file's date is not part of a matte."""
    return {
        path.name: (read_signature(path), {name: channel.tobytes() for name, channel in read_matte(path).items()})
        for path in folder.glob("shot_matte.*")
    }


@pytest.mark.parametrize("options", ["--point 32,24", TWO, TWO + " --format png16"])
def test_mattes_by_stages_are_the_mattes_of_one_run(matte, tmp_path, options):
    """Tracked first and matted in chunks, in any order, the mattes are those of one run to the bit."""
    whole, split = tmp_path / "whole", tmp_path / "split"
    assert matte(*options.split(), out=whole).code == 0
    said = matte(*options.split(), "--stage", "trimap", out=split)
    assert said.code == 0, said.err
    assert "4 frames tracked" in said.out
    assert _mattes(split) == {}
    for chunk in ("1003+2", "1002", "1001-1001"):
        said = matte(*options.split(), "--stage", "alpha", f"--frames={chunk}", out=split)
        assert said.code == 0, said.err
    assert _mattes(split) == _mattes(whole)
    assert matte(*options.split(), "--stage", "check", out=split).code == 0


def test_trimaps_are_files_to_look_at(matte, tmp_path):
    """The first stage writes one EXR a frame with each object's trimap, and its mask where mattes will have one."""
    assert matte(*TWO.split(), "--stage", "trimap").code == 0
    folder = tmp_path / "out" / "trimaps"
    assert sorted(path.name for path in folder.iterdir()) == [f"shot_matte.{frame}.exr" for frame in FRAMES]
    first, third = (read_matte(folder / f"shot_matte.{frame}.exr") for frame in (1001, 1003))
    assert set(first) == {"cup.trimap", "cup.mask"}
    assert set(third) == {"cup.trimap", "cup.mask", "smoke.trimap", "smoke.mask"}
    assert set(np.unique(third["smoke.trimap"])) <= {0, 0.5, 1}


def test_a_stage_keeps_what_is_done(matte, tmp_path):
    """`--resume` makes what is missing of either stage, and nothing else."""
    for stage in ("trimap", "alpha"):
        assert matte("--point", "32,24", "--stage", stage).code == 0
    out = tmp_path / "out"
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.exr")}
    lost = [out / "trimaps" / "shot_matte.1002.exr", out / "shot_matte.1003.exr"]
    for path in lost:
        path.unlink()
    for stage in ("trimap", "alpha"):
        said = matte("--point", "32,24", "--stage", stage, "--resume")
        assert said.code == 0, said.err
        assert said.out.startswith("1 frame ")
    assert sorted(path for path in before if path.stat().st_mtime_ns != before[path]) == sorted(lost)


def test_nothing_is_matted_without_its_trimap(matte, tmp_path):
    """A chunk whose trimaps are missing, or belong to other prompts, fails before a model is loaded."""
    said = matte("--point", "32,24", "--stage", "alpha")
    assert said.code == 2
    assert said.error.startswith("There is no valid trimap of frames 1001-1004")
    assert matte("--point", "32,24", "--stage", "trimap").code == 0
    said = matte("--point", "9,9", "--stage", "alpha", "--frames", "1002-1003")
    assert said.error.startswith("There is no valid trimap of frames 1002-1003")
    assert "loading the model" not in said.err
    assert _mattes(tmp_path / "out") == {}


def test_the_check_names_what_is_not_right(matte, tmp_path):
    """The check tells missing frames from those that are damaged or another shot's, and passes when all are made."""
    out = tmp_path / "out"
    assert matte("--point", "32,24").code == 0
    (out / "shot_matte.1002.exr").unlink()
    (out / "shot_matte.1003.exr").write_bytes((out / "shot_matte.1003.exr").read_bytes()[:-40])
    write_exr(out / "shot_matte.1004.exr", {"A": np.zeros((48, 64), np.float32)}, "of another shot")
    said = matte("--point", "32,24", "--stage", "check")
    assert said.code == 2
    assert (
        "Missing: frame 1002; damaged, or made from other plates, prompts or settings: frames 1003-1004" in said.error
    )
    assert matte("--point", "32,24", "--resume").code == 0
    assert "4 frames done before" in matte("--point", "32,24", "--stage", "check").out


def test_the_check_clears_away_what_a_killed_run_left(matte, tmp_path):
    """Half-written files of killed runs are gone after the check; other hidden files are not its business."""
    assert matte("--point", "32,24").code == 0
    left = tmp_path / "out" / ".shot_matte.1002.0a1b2c3d.part.exr"
    other = tmp_path / "out" / ".notes"
    for path in (left, other):
        path.write_bytes(b"half")
    assert matte("--point", "32,24", "--stage", "check").code == 0
    assert not left.exists()
    assert other.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--frames 1010-1020", "None of the frames asked for has a matte: tracking fills 1001-1004."),
        ("--frames 12+", "'12+' is not a frame range."),
        ("--stage matte", "'matte' is not a --stage."),
        ("--stage alpha --engine", "--stage does not go together with --engine."),
        ("--stage trimap --preview sheet", "--stage does not go together with --preview."),
    ],
)
def test_what_cannot_be_meant_is_refused(matte, tmp_path, options, sentence):
    """A wrong stage, or frames that the shot has not, are told in one sentence, and nothing is written."""
    said = matte("--point", "32,24", *options.split())
    assert said.code == 2
    assert said.error == sentence
    assert not (tmp_path / "out").exists()


def test_frames_are_delivered_alone(matte, tmp_path):
    """Without a stage, `--frames` tracks what it must and writes only what was asked for, as a whole run would."""
    assert matte("--point", "32,24", out=tmp_path / "whole").code == 0
    assert matte("--point", "32,24", "--frames", "1003+1", out=tmp_path / "one").code == 0
    whole = _mattes(tmp_path / "whole")
    assert _mattes(tmp_path / "one") == {"shot_matte.1003.exr": whole["shot_matte.1003.exr"]}
