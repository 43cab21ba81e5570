"""What `--check-data` says: every fault of a folder in words that name the file or the way out."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest
from data_folders import make_folder

from engine.contract.errors import PlateError
from engine.datasets import check as checking
from engine.datasets.check import check, check_data
from engine.datasets.discover import discover


def test_nothing_is_said_of_a_good_folder(tmp_path):
    """A folder without faults gives an empty list, quick or thorough."""
    make_folder("am-2k", tmp_path)
    assert check(tmp_path, "am-2k") == check(tmp_path, "am-2k", thorough=True) == []


def test_a_plate_without_alpha_is_named(tmp_path):
    """A plate whose alpha is missing is named, and the others are still found."""
    make_folder("distinctions-646", tmp_path)
    (tmp_path / "Train/GT/2.png").unlink()
    assert check(tmp_path, "distinctions-646") == ["no labels for '2'"]
    assert len(discover(tmp_path, "distinctions-646").items) == 2


def test_an_alpha_without_plate_is_named(tmp_path):
    """An alpha whose plate is missing is named."""
    make_folder("aim-500", tmp_path)
    (tmp_path / "original/o_2.jpg").unlink()
    assert check(tmp_path, "aim-500") == ["no plate for the labels of 'o_2'"]


def test_frames_without_labels_are_counted(tmp_path):
    """A clip of video matting that lacks alphas says how many; the frames that have both are kept."""
    make_folder("videomatte240k", tmp_path)
    (tmp_path / "train/pha/0000/00002.jpg").unlink()
    (tmp_path / "train/fgr/0000/00000.jpg").unlink()
    (problem,) = check(tmp_path, "videomatte240k")
    assert problem == "'0000': 1 of its frames have no labels, 1 of its labels no plate"
    train = next(item for item in discover(tmp_path, "videomatte240k").items if item.split == "train")
    assert train.length() == 2


def test_frames_between_annotations_are_no_fault(tmp_path):
    """Sets that annotate every few frames are not blamed for the frames between."""
    make_folder("sa-v, val", tmp_path)
    assert check(tmp_path, "sa-v") == []


def test_sizes_that_differ_are_told(tmp_path):
    """A plate and an alpha of different sizes are reported with both."""
    make_folder("am-2k", tmp_path)
    alpha = tmp_path / "train/mask/m_1.png"
    cv2.imwrite(str(alpha), np.full((20, 24), 255, np.uint8))
    (problem,) = check(tmp_path, "am-2k")
    assert "m_1" in problem
    assert "48x40 against 24x20" in problem


def test_one_object_of_another_size_is_told(tmp_path):
    """Of several objects the one whose alpha has another size is enough for a report."""
    make_folder("him2k", tmp_path)
    cv2.imwrite(str(tmp_path / "alphas/natural/h_1/01.png"), np.full((20, 24), 255, np.uint8))
    (problem,) = check(tmp_path, "him2k")
    assert "48x40 against 24x20" in problem


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_a_file_cut_short_is_named(tmp_path, share):
    """An empty or half-copied picture is reported by its name."""
    make_folder("composition-1k", tmp_path)
    damaged = tmp_path / "Train/fg/b.jpg"
    data = damaged.read_bytes()
    damaged.write_bytes(data[: int(len(data) * share)])
    (problem,) = check(tmp_path, "composition-1k")
    assert str(damaged) in problem
    assert "missing, empty or damaged" in problem


def test_a_damaged_movie_is_named(tmp_path):
    """A movie without frames is reported by its name."""
    make_folder("videomatte240k, movies", tmp_path)
    damaged = tmp_path / "train/fgr/0000.mp4"
    damaged.write_bytes(b"not a movie")
    assert check(tmp_path, "videomatte240k") == [f"'{damaged}' has no frames."]


def test_annotations_that_are_none_are_named(tmp_path):
    """A JSON file that holds no masklets is reported by its name."""
    make_folder("sa-v", tmp_path)
    wrong = tmp_path / "sav_train/sav_000/sav_000001_manual.json"
    wrong.write_text(json.dumps({"video_id": "sav_000001"}))
    (problem,) = check(tmp_path, "sa-v")
    assert str(wrong) in problem
    assert "no annotation of SA-V" in problem


def test_labels_that_show_nothing_are_told(tmp_path):
    """Black alphas are reported: nothing can be learnt from them."""
    make_folder("aim-500", tmp_path)
    cv2.imwrite(str(tmp_path / "mask/o_1.png"), np.zeros((40, 48), np.uint8))
    assert check(tmp_path, "aim-500") == ["'o_1' shows no object where it was looked at."]


def test_an_empty_folder_is_told(tmp_path):
    """An empty folder is called empty, and what should be in it is said."""
    (problem,) = check(tmp_path, "am-2k")
    assert "is empty" in problem
    assert "{split}/original/{clip} with {split}/mask/{clip}" in problem


def test_a_missing_folder_is_told(tmp_path):
    """A path that is no folder is said to be none."""
    (problem,) = check(tmp_path / "nowhere", "am-2k")
    assert "There is no folder" in problem


def test_another_sets_folder_is_recognised(tmp_path):
    """A folder given under a wrong name is answered with what it looks like."""
    make_folder("davis-2017", tmp_path)
    (problem,) = check(tmp_path, "am-2k")
    assert "does not have the layout of 'am-2k'" in problem
    assert "This looks like 'davis-2017' (2 items)" in problem


@pytest.mark.parametrize("given", [".", "AM-2k/train"])
def test_a_folder_too_high_or_too_deep_is_put_right(tmp_path, given):
    """The folder above or below the right one is answered with the right one."""
    make_folder("am-2k", tmp_path / "AM-2k")
    (problem,) = check(tmp_path / given, "am-2k")
    assert f"'{tmp_path / 'AM-2k'}' has it: give that folder." in problem


def test_another_sets_folder_further_down_is_recognised(tmp_path):
    """A folder that holds another set's folder is answered with that one's name."""
    make_folder("am-2k", tmp_path / "AM-2k")
    (problem,) = check(tmp_path, "distinctions-646")
    assert f"'{tmp_path / 'AM-2k'}' looks like 'am-2k'" in problem


def test_many_faults_of_a_kind_are_not_all_printed(tmp_path):
    """Of a set copied in part, a few faults are printed and the rest are counted."""
    made = make_folder("aim-500", tmp_path)
    for n in range(20):
        made.plate(f"original/x_{n}.jpg")
    (row,) = check_data({"aim-500": tmp_path})
    assert len(row.problems) == 9
    assert row.problems[-1] == "and 12 more like these."


def test_a_thorough_check_opens_what_a_quick_one_skips(tmp_path, monkeypatch):
    """The quick check opens a part of a large set, the thorough one every file."""
    monkeypatch.setattr(checking, "LOOKED_AT", 2)
    make_folder("fg-alpha", tmp_path)
    (tmp_path / "pha/10.png").write_bytes(b"")
    assert check(tmp_path, "fg-alpha") == []
    assert len(check(tmp_path, "fg-alpha", thorough=True)) == 1


def test_frames_of_many_movies_are_told_from_a_few(tmp_path, monkeypatch):
    """The quick check counts the frames of movies that it did not open as those that it did."""
    monkeypatch.setattr(checking, "LOOKED_AT", 1)
    made = make_folder("videomatte240k, movies", tmp_path)
    for n in range(1, 4):
        for folder in ("fgr", "pha"):
            made.movie(f"train/{folder}/{n:04d}.mp4", [np.full((40, 48, 3), 40 * n, np.uint8)] * 12)
    (row,) = check_data({"videomatte240k": tmp_path})
    assert (row.items, row.frames) == (4, 48)


def test_one_bad_set_does_not_hide_the_others(tmp_path):
    """The table has a line for every set that was named, found or not."""
    make_folder("am-2k", tmp_path / "a")
    rows = check_data({"vm108": tmp_path / "b", "am-2k": tmp_path / "a"})
    assert [(row.set, row.split, row.items) for row in rows] == [
        ("vm108", "", 0), ("am-2k", "train", 1), ("am-2k", "validation", 1),
    ]  # fmt: skip
    assert rows[0].problems
    assert not rows[1].problems


def test_a_file_lost_after_discovery_is_an_error_for_the_user(tmp_path):
    """A picture that went away while training is named, with what to do."""
    make_folder("am-2k", tmp_path)
    item = discover(tmp_path, "am-2k").items[0]
    shutil.rmtree(tmp_path / "train/mask")
    with pytest.raises(PlateError, match=r"m_1\.png") as caught:
        item.read([0])
    assert caught.value.code == "data.unreadable"
    assert "--check-data" in caught.value.hint
