"""Promises of measuring two folders: any tool's mattes beside their truth."""

import re

import cv2
import numpy as np
import pytest

from engine.contract.errors import EngineError
from engine.evaluation.examination import Part
from engine.evaluation.folders import ClipPair, pair_folders
from engine.media.matte_files import write_exr


def write_clip(folder, frames, *, first=1001, name="matte", size=(6, 8), value=100, suffix="png"):
    """Write a clip of constant alphas: the first frame `value`, each later one 10 more."""
    folder.mkdir(parents=True, exist_ok=True)
    for t in range(frames):
        alpha = np.full(size, value + 10 * t, np.uint8)
        path = folder / f"{name}.{first + t:04d}.{suffix}"
        if suffix == "png":
            cv2.imwrite(str(path), alpha)
        else:
            write_exr(path, dict.fromkeys("RGBA", alpha / np.float32(255)), "")


@pytest.fixture
def folders(tmp_path):
    """The folders of mattes and of truth, with two clips of three frames."""
    for side in ("pred", "gt"):
        for clip in ("smoke-01", "glass-02"):
            write_clip(tmp_path / side / clip, 3)
    return tmp_path / "pred", tmp_path / "gt"


def test_clips_are_matched_by_folder_and_frames_by_number(folders):
    """Every clip of the truth is read with the frame of the same number, whatever the files' names."""
    pred, gt = folders
    for path in (pred / "smoke-01").iterdir():
        path.rename(path.with_name(path.name.replace("matte", "alpha_v2")))
    pair = pair_folders(pred, gt)
    assert [(clip.name, clip.kind) for clip in pair.clips] == [("glass-02", "glass"), ("smoke-01", "smoke")]
    predicted, true = pair.clips[1].read()
    assert predicted[:, 0, 0].tolist() == true[:, 0, 0].tolist() == [100, 110, 120]
    assert pair.notes == ()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("smoke-passed", "smoke"),
        ("cloth-edge-02", "cloth-edge"),
        ("person_12", "person"),
        ("0007", "clips"),
        ("hair", "hair"),
    ],
)
def test_a_clips_name_says_its_kind(name, kind):
    """Tables group clips by what stands before the last dash of a name, or else before its number."""
    assert ClipPair(name, (), ()).kind == kind


def test_exr_and_png_are_the_same_alpha(tmp_path):
    """A matte in half floats is measured as the 8-bit file of the same alpha is."""
    write_clip(tmp_path / "pred" / "a", 2, suffix="exr")
    write_clip(tmp_path / "gt" / "a", 2)
    predicted, true = pair_folders(tmp_path / "pred", tmp_path / "gt").clips[0].read()
    assert np.array_equal(predicted, true)


def test_other_numbers_are_matched_in_order_and_said(folders):
    """A tool that numbers frames from 0 is measured in order, and the person is told."""
    pred, gt = folders
    for path in (pred / "smoke-01").iterdir():
        path.unlink()
    write_clip(pred / "smoke-01", 3, first=0, value=50)
    pair = pair_folders(pred, gt)
    assert pair.notes == ("'smoke-01': frames are numbered from 0 instead of 1001: in order.",)
    assert pair.clips[1].read()[0][:, 0, 0].tolist() == [50, 60, 70]


def test_what_has_no_truth_is_left_out_and_said(folders):
    """Clips and frames beyond the truth do not count; the person is told of each."""
    pred, gt = folders
    write_clip(pred / "fire-03", 1)
    write_clip(pred / "smoke-01", 5)
    assert pair_folders(pred, gt).notes == (
        "Without truth, and left out: fire-03.",
        "'smoke-01': 2 frames have no truth and are left out.",
    )


def test_all_that_is_missing_is_said_at_once(folders):
    """A missing clip and missing frames are one error that names both, and nothing is measured."""
    pred, gt = folders
    write_clip(gt / "fire-03", 1)
    (pred / "smoke-01" / "matte.1002.png").unlink()
    with pytest.raises(EngineError) as caught:
        pair_folders(pred, gt)
    assert caught.value.code == "evaluate.unmatched"
    assert "clip 'fire-03' has no folder" in caught.value.message
    assert "clip 'smoke-01' lacks 1 of 3 frames: 1002" in caught.value.message


def test_a_part_needs_no_more_than_itself(folders):
    """Of a part of the truth, nothing else has to be there."""
    pred, gt = folders
    write_clip(gt / "fire-03", 1)
    pair = pair_folders(pred, gt, Part(kinds=("smoke", "glass")))
    assert [clip.name for clip in pair.clips] == ["glass-02", "smoke-01"]
    assert pair.notes == ()


def test_another_size_is_refused(folders):
    """A matte that was scaled is not measured: the error names the file and both sizes."""
    pred, gt = folders
    cv2.imwrite(str(pred / "smoke-01" / "matte.1003.png"), np.zeros((12, 16), np.uint8))
    with pytest.raises(EngineError, match=r"matte\.1003\.png' is 16x12 pixels, its truth 8x6"):
        pair_folders(pred, gt).clips[1].read()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _: None, "There is no folder"),
        (lambda pred: pred.mkdir(), "holds no folder of a clip"),
        (lambda pred: write_clip(pred / "smoke-01", 0), "should hold one sequence, and holds none"),
    ],
)
def test_a_folder_that_is_no_such_folder_is_explained(tmp_path, make, says):
    """A missing, empty or flat folder is an error whose hint says how it should look."""
    write_clip(tmp_path / "gt" / "smoke-01", 1)
    make(tmp_path / "pred")
    with pytest.raises(EngineError, match=says) as caught:
        pair_folders(tmp_path / "pred", tmp_path / "gt")
    assert re.search("(one folder a clip|Render what is missing)", caught.value.hint)


def test_alphas_are_found_among_our_own_layers(tmp_path):
    """In a folder that `mam2 matte` wrote with all its layers, the alphas are measured."""
    write_clip(tmp_path / "gt" / "a", 1)
    for layer, value in (("alpha", 30), ("mask", 60), ("trimap", 90)):
        write_clip(tmp_path / "pred" / "a", 1, name=f"shot.subject.{layer}", value=value)
    predicted, _ = pair_folders(tmp_path / "pred", tmp_path / "gt").clips[0].read()
    assert predicted[0, 0, 0] == 30


def test_two_sequences_in_one_clip_are_refused(tmp_path):
    """Which of two sequences is the matte is for the person to say."""
    write_clip(tmp_path / "gt" / "a", 1)
    write_clip(tmp_path / "pred" / "a", 1, name="left")
    write_clip(tmp_path / "pred" / "a", 1, name="right")
    with pytest.raises(EngineError, match=r"more than one: left\.####\.png, right\.####\.png"):
        pair_folders(tmp_path / "pred", tmp_path / "gt")
