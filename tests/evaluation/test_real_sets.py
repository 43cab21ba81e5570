"""Promises of published test sets: each is read from the folders that it unpacks to."""

import json

import cv2
import numpy as np
import pytest

from engine.contract.errors import EngineError
from engine.datasets.layouts import BENCHMARKS
from engine.evaluation.benchmarks import RealSet, find_layout

SIZE = (6, 8)


def _image(path, value, *, channels=3, size=SIZE):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = size if channels == 1 else (*size, channels)
    cv2.imwrite(str(path), np.full(shape, value, np.uint8))


def _video(folder, plates, frames=2):
    for t in range(frames):
        _image(folder / plates / f"{t:04d}.png", 40 + t)
        _image(folder / "pha" / f"{t:04d}.png", 200 + t, channels=1)


def test_composited_videos_are_read(tmp_path):
    """VideoMatte's clips give their composites and alphas; motion and static are kinds."""
    for kind in ("motion", "static"):
        _video(tmp_path / "videomatte_512x288" / f"videomatte_{kind}" / "0000", "com")
        _image(tmp_path / "videomatte_512x288" / f"videomatte_{kind}" / "0000" / "fgr" / "0000.png", 9)
    found = RealSet("videomatte", tmp_path)
    assert (found.kinds, len(found)) == (["motion", "static"], 2)
    clip = found.clip(1)
    assert (clip.name, clip.plates_thwc.shape) == ("static-0000", (2, *SIZE, 3))
    assert (clip.plates_thwc[:, 0, 0, 0].tolist(), clip.alpha_thw[:, 0, 0].tolist()) == ([40, 41], [200, 201])


def test_published_first_masks_are_found(tmp_path):
    """YouTubeMatte's first-frame masks lie in a folder beside the set, and are its prompts."""
    home = tmp_path / "YouTubeMatte" / "youtubematte_512x288"
    _video(home / "youtubematte_motion" / "0003", "harmonized")
    mask = tmp_path / "YouTubeMatte_first_frame_seg_mask" / "youtubematte_512x288" / "youtubematte_motion" / "0003.png"
    _image(mask, 255)
    clip = RealSet("youtubematte", home).clip(0)
    assert clip.first_mask_hw is not None
    assert clip.first_mask_hw.all()
    assert find_layout("youtubematte").prompt == "mask"


def test_two_sizes_of_a_set_are_not_mixed(tmp_path):
    """A folder that holds a set in two sizes is refused, with the folders to choose from."""
    for size in ("512x288", "1920x1080"):
        _video(tmp_path / f"youtubematte_{size}" / "youtubematte_static" / "0000", "com")
    with pytest.raises(EngineError, match="youtubematte_1920x1080, youtubematte_512x288"):
        RealSet("youtubematte", tmp_path)


def test_frames_without_alpha_are_refused(tmp_path):
    """A clip whose plates and alphas are not of the same frames is an error that names it."""
    _video(tmp_path / "videomatte_static" / "0000", "com")
    (tmp_path / "videomatte_static" / "0000" / "pha" / "0001.png").unlink()
    with pytest.raises(EngineError, match="0000': 1 of its frames have no labels"):
        RealSet("videomatte", tmp_path)


def test_vm108_is_composited_as_listed(tmp_path):
    """VideoMatting108's validation clips are laid over the backgrounds that its list gives, by their alpha."""
    foreground = np.full((*SIZE, 4), (30, 20, 200, 51), np.uint8)  # blue, green, red, a fifth
    (tmp_path / "FG_done" / "cat").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "FG_done" / "cat" / "00001.png"), foreground)
    _image(tmp_path / "BG_done" / "street" / "7.png", 100)
    (tmp_path / "frame_corr.json").write_text(
        json.dumps({"cat/00001.png": "street/7.jpg", "dog/1.png": "street/7.jpg"})
    )
    (tmp_path / "val_videos.txt").write_text("cat\n")
    found = RealSet("vm108", tmp_path)
    assert len(found) == 1
    clip = found.clip(0)
    assert clip.alpha_thw[0, 0, 0] == 51
    assert clip.plates_thwc[0, 0, 0].tolist() == [120, 84, 86]


@pytest.mark.parametrize(
    ("name", "plates"), [("aim-500", "original"), ("p3m-500-np", "validation/P3M-500-NP/original_image")]
)
def test_stills_are_clips_of_one_frame(tmp_path, name, plates):
    """An image set gives one clip an image, with the published trimap."""
    home = (tmp_path / plates).parent
    _image(tmp_path / plates / "o_1.jpg", 90)
    _image(home / "mask" / "o_1.png", 255, channels=1)
    _image(home / "trimap" / "o_1.png", 128, channels=1)
    (clip,) = RealSet(name, tmp_path).clips()
    assert (clip.name, clip.alpha_thw.shape, clip.alpha_thw[0, 0, 0]) == ("o_1", (1, *SIZE), 255)
    assert clip.trimap_thw is not None
    assert (clip.trimap_thw == 128).all()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_folder_without_the_set_is_explained(name, tmp_path):
    """A folder that does not hold the set is an error, and its hint says what is expected."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(EngineError, match=name) as caught:
            RealSet(name, folder)
        assert BENCHMARKS[name].looks in caught.value.hint


def test_plates_of_another_size_are_refused(tmp_path):
    """Plates and alphas that differ in size are an error that names the clip."""
    _image(tmp_path / "original" / "a.png", 9, size=(12, 16))
    _image(tmp_path / "mask" / "a.png", 9, channels=1)
    with pytest.raises(EngineError, match="plates of 'a' are 16x12 pixels, its alphas 8x6"):
        RealSet("aim-500", tmp_path).clip(0)


def test_unknown_benchmarks_are_refused():
    """A name that is no benchmark is answered with those that there are."""
    with pytest.raises(EngineError, match="'davis' is no benchmark") as caught:
        find_layout("davis")
    assert "novm-p" in caught.value.hint
