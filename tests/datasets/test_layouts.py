"""Data sets in their published layouts: what is found, and that the right label meets the right plate."""

from __future__ import annotations

import numpy as np
import pytest
from data_folders import FOLDERS, counter, disc, make_folder, run_length_text

from engine.contract.errors import PlateError
from engine.datasets.check import check_data
from engine.datasets.discover import discover, walk
from engine.datasets.layouts import LAYOUTS
from engine.datasets.pictures import PICTURES, decode, read_movie

BACKGROUNDS = {name for name, layout in LAYOUTS.items() if layout.source is None}


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_every_published_layout_is_read(tmp_path, name):
    """Each set's own folders give its splits, items, labelled frames and objects, and nothing to complain of."""
    make_folder(name, tmp_path)
    rows = check_data({FOLDERS[name].layout: tmp_path}, thorough=True)
    assert {row.split: (row.items, row.frames, round(row.objects)) for row in rows} == FOLDERS[name].splits
    assert [row.problems for row in rows] == [()] * len(rows)


def test_every_layout_of_the_table_has_a_folder_here():
    """No layout is announced that no test reads."""
    assert {folder.layout for folder in FOLDERS.values()} == set(LAYOUTS)


@pytest.mark.parametrize("name", sorted(name for name, folder in FOLDERS.items() if folder.layout not in BACKGROUNDS))
def test_a_folder_is_known_by_its_looks(tmp_path, name):
    """A labelled set is recognised without being named, but for those that share one layout."""
    make_folder(name, tmp_path)
    same = {"transparent-460": "fg-alpha", "fg-alpha": "transparent-460"}
    assert discover(tmp_path).layout.name in {FOLDERS[name].layout, same.get(name)}


STILLS = ["composition-1k", "distinctions-646", "am-2k", "p3m-10k", "aim-500", "fg-alpha"]


@pytest.mark.parametrize("name", STILLS)
def test_a_plate_meets_its_own_alpha(tmp_path, name):
    """Plate and alpha of a still are those of the same name, to the last bit of the alpha."""
    made = make_folder(name, tmp_path)
    for item in discover(tmp_path, FOLDERS[name].layout).items:
        piece = item.read([0])
        plate, alpha = (path.relative_to(tmp_path).as_posix() for path in (item.plates[0], item.labels[0][0]))
        assert np.array_equal(piece.alpha_nthw[0, 0], made.alphas[alpha])
        assert np.abs(piece.plates[0].astype(int) - made.plates[plate]).mean() < 4


def test_instances_stay_themselves_over_time(tmp_path):
    """An object of a clip with a file an instance keeps its number; where it has no file it is not seen."""
    made = make_folder("v-him60", tmp_path)
    (item,) = discover(tmp_path, "v-him60").items
    alphas = item.read([0, 1, 2]).alpha_nthw
    for n in range(2):
        for frame in range(3):
            name = f"comp_easy/alpha/v1/{frame:04d}/{n:02d}.png"
            assert np.array_equal(alphas[n, frame], made.alphas.get(name, np.zeros_like(alphas[n, frame])))


def test_foregrounds_that_bear_their_alpha(tmp_path):
    """VM108's pictures hold colour and alpha in one file."""
    made = make_folder("vm108", tmp_path)
    item = next(item for item in discover(tmp_path, "vm108").items if item.name == "smoke")
    piece = item.read([2, 0])
    for t, frame in enumerate((2, 0)):
        name = f"FG_done/smoke/{frame:05d}.png"
        assert np.array_equal(piece.plates[t], made.plates[name])
        assert np.array_equal(piece.alpha_nthw[0, t], made.alphas[name])


@pytest.mark.parametrize("name", ["davis-2017", "youtube-vos"])
def test_a_palette_gives_an_object_a_colour(tmp_path, name):
    """Annotations with a palette give each object a mask of 0 and 255, none for the black ground."""
    made = make_folder(name, tmp_path)
    item = discover(tmp_path, name).items[0]
    alphas = item.read([0, 1]).alpha_nthw
    codes = made.alphas[item.labels[0][0].relative_to(tmp_path).as_posix()]
    written = [255 * (codes == code) for code in range(1, codes.max() + 1)]
    assert len(alphas) == len(written)
    assert all(any(np.array_equal(alpha[0], one) for one in written) for alpha in alphas)


def test_run_lengths_and_their_frames(tmp_path):
    """SA-V's run lengths give back the masks that were written, each on the movie's frame that it was drawn on."""
    made = make_folder("sa-v", tmp_path)
    (item,) = discover(tmp_path, "sa-v").items
    piece = item.read([0, 3, 1])
    for t, place in enumerate((0, 3, 1)):
        for n in range(2):
            assert np.array_equal(piece.alpha_nthw[n, t], made.alphas[f"{place}/{n}"])
        assert np.abs(piece.plates[t].astype(int) - counter(4 * place)).mean() < 3


def test_run_lengths_as_coco_writes_them():
    """A mask that COCO's own tools encoded is read as it was drawn."""
    mask = np.zeros((7, 9), np.uint8)
    mask[1:6, 2:5] = mask[:, 8] = 255
    mask[3, 3] = 0
    assert np.array_equal(decode({"size": [7, 9], "counts": "?52MO013d02"}), mask)


@pytest.mark.parametrize("seed", range(6))
def test_run_lengths_of_any_mask(seed):
    """Masks with runs of every length, and those that begin with the object, come back exactly."""
    rng = np.random.default_rng(seed)
    noise = ((rng.random((37, 21)) < rng.uniform(0.02, 0.98)) * 255).astype(np.uint8)
    for mask in (noise, disc(rng, hard=True), np.full((5, 3), 255, np.uint8), np.zeros((5, 3), np.uint8)):
        assert np.array_equal(decode({"size": list(mask.shape), "counts": run_length_text(mask)}), mask)


def test_any_frame_of_a_movie_is_the_right_one(tmp_path):
    """Frames of a compressed movie are exact in any order, whatever they depend on."""
    make_folder("videomatte240k, movies", tmp_path)
    places = [7, 2, 11, 0, 9, 9]
    for frame, place in zip(read_movie(tmp_path / "train/fgr/0000.mp4", places), places, strict=True):
        assert abs(frame.mean() - counter(place).mean()) < 3


def test_foreground_and_alpha_movies_run_together(tmp_path):
    """Two movies of one clip are read at the same frames."""
    make_folder("videomatte240k, movies", tmp_path)
    (item,) = discover(tmp_path, "videomatte240k").items
    piece = item.read([3, 10])
    for t, place in enumerate((3, 10)):
        assert abs(piece.plates[t].mean() - counter(place).mean()) < 3
        assert abs(piece.alpha_nthw[0, t].mean() - (255 - counter(place).mean())) < 3


def test_a_background_folder_tells_clips_from_stills(tmp_path):
    """Frames numbered in a row are a clip; other pictures stand alone; a movie is a clip."""
    make_folder("backgrounds", tmp_path)
    lengths = {item.name: item.length() for item in discover(tmp_path, "backgrounds").items}
    assert lengths == {"clips/walk": 3, "stills/tree.jpg": 1, "stills/wall.png": 1, "street.mp4": 6}


def test_frames_are_in_the_order_of_their_numbers(tmp_path):
    """Frames whose numbers are not padded are played by number: 2 before 10."""
    made = make_folder("videomatte240k", tmp_path)
    for frame in (10, 9, 2):
        made.pair(f"train/fgr/clip/{frame}.png", f"train/pha/clip/{frame}.png")
    item = next(item for item in discover(tmp_path, "videomatte240k").items if item.name == "clip")
    assert [path.stem for path in item.plates] == ["2", "9", "10"]


def test_patterns_read_words_off_names(tmp_path):
    """A pattern's words, alternatives and capitals mean what the table says."""
    for name in ("Train/FG/9.png", "Train/fg/10.png", "Train/fg/.hidden.png", "Train/fg/x.txt", "Test/mask/1.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    seen = [(words["split"], words["clip"]) for words, _ in walk(tmp_path, "{split}/fg|mask/{clip}", PICTURES)]
    assert seen == [("Test", "1"), ("Train", "9"), ("Train", "10")]


def test_an_unknown_set_is_refused(tmp_path):
    """A name that is not in the table is answered with those that are."""
    with pytest.raises(PlateError, match="composition-1k") as caught:
        discover(tmp_path, "imagenet")
    assert caught.value.code == "data.unknown_set"
