"""The mixture: one seed, one batch, whoever draws it; every set teaches what its labels know."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from data_folders import FOLDERS, make_folder
from torch.utils.data import DataLoader

from engine.contract.errors import PlateError
from engine.datasets.discover import discover
from engine.datasets.items import Piece
from engine.datasets.layouts import Source
from engine.training.composition.layers import Grade
from engine.training.composition.scenes import foreground_scene
from engine.training.mixture import VISIBLE, Mixture, frames_of
from engine.training.samples import collate

LABELLED = ["composition-1k", "am-2k", "him2k", "vm108", "videomatte240k, movies", "davis-2017", "sa-v"]
BEHIND = ["dvm", "backgrounds"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny sets of every source, and backgrounds."""
    root = tmp_path_factory.mktemp("sets")
    for name in (*LABELLED, *BEHIND, "aim-500"):
        make_folder(name, root / name)
    return root


def sets(folders, *names):
    """Discovered sets by name."""
    return [discover(folders / name, FOLDERS[name].layout) for name in names]


def mixture(folders, *names, seed=3, frames=3, **others):
    """A mixture of sets before all backgrounds."""
    return Mixture(sets(folders, *names), sets(folders, *BEHIND), 32, frames, seed, **others)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_batch_does_not_depend_on_the_number_of_workers(folders, workers):
    """The same seed gives the same samples, bit by bit, with no worker, one, or three."""
    mixed = mixture(folders, *LABELLED)
    numbers = list(range(40, 64))

    def batches(count):
        return list(DataLoader(mixed, batch_size=4, sampler=numbers, num_workers=count, collate_fn=collate))

    for one, other in zip(batches(0), batches(workers), strict=True):
        for name in one.__dataclass_fields__:
            assert torch.equal(getattr(one, name), getattr(other, name)), name


def test_a_sample_does_not_depend_on_those_before_it(folders):
    """Sample 7 is sample 7, first or last, in this mixture or a new one; another number or seed gives another."""
    first, second = mixture(folders, *LABELLED), mixture(folders, *LABELLED)
    for number in range(7):
        first[number]
    assert len({first[number].plates_tchw.numpy().tobytes() for number in range(8)}) == 8
    assert torch.equal(first[7].plates_tchw, second[7].plates_tchw)
    assert torch.equal(first[7].alpha_nt1hw, second[7].alpha_nt1hw)
    assert not torch.equal(first[7].plates_tchw, mixture(folders, *LABELLED, seed=4)[7].plates_tchw)


@pytest.mark.parametrize("name", LABELLED)
def test_a_sample_is_what_its_set_can_teach(folders, name):
    """Every set gives samples of its own source, of one size, with objects that are there on the first frame."""
    source = discover(folders / name, FOLDERS[name].layout).layout.source
    for number in range(12):
        sample = mixture(folders, name)[number]
        assert sample.source is source
        assert sample.number == number
        assert sample.plates_tchw.shape == (3, 3, 32, 32)
        assert sample.plates_tchw.dtype == sample.alpha_nt1hw.dtype == torch.uint8
        assert 1 <= len(sample.alpha_nt1hw) <= 2
        assert sample.alpha_nt1hw.shape[1:] == (3, 1, 32, 32)
        assert (sample.alpha_nt1hw[:, 0].float().mean((1, 2, 3)) > 254 * VISIBLE).all()


def test_what_is_too_small_to_click_is_looked_at_closely(tmp_path):
    """An object of a few pixels is asked for only where a closer look makes it large enough."""
    make_folder("am-2k", tmp_path)
    speck = np.zeros((40, 48), np.uint8)
    speck[20, 28:35] = 255
    cv2.imwrite(str(tmp_path / "train/mask/m_1.png"), speck)
    mixed = Mixture([discover(tmp_path, "am-2k")], [], 64, 2, 0)
    assert all(mixed[number].alpha_nt1hw[:, 0].float().mean() > 254 * VISIBLE for number in range(12))


def test_masks_have_no_soft_edges(folders):
    """What comes from video object segmentation is 0 or 255, and no alpha is taught from it."""
    mixed = mixture(folders, "davis-2017")
    assert {int(value) for n in range(8) for value in mixed[n].alpha_nt1hw.unique()} == {0, 255}
    assert not mixed[0].source.teaches_alpha


def test_a_still_is_made_to_move(folders):
    """Clips made of image matting move in most samples, and count as image matting."""
    mixed = mixture(folders, "composition-1k", frames=6)
    assert mixed[0].source is Source.IM
    moved = sum(not torch.equal(one[0, 0], one[0, -1]) for one in (mixed[n].alpha_nt1hw for n in range(12)))
    assert moved > 8
    assert mixture(folders, "composition-1k", frames=1)[0].plates_tchw.shape[0] == 1


def test_at_most_as_many_objects_as_asked_for(folders):
    """A mixture for one object gives one object, however many the labels show."""
    mixed = mixture(folders, "sa-v", "composition-1k", objects=1)
    assert {len(mixed[n].alpha_nt1hw) for n in range(16)} == {1}


def test_weights_decide_how_often_a_set_is_drawn(folders):
    """A set of weight zero is never drawn; equal weights draw from all."""
    only = mixture(folders, "am-2k", "davis-2017", weights=[0, 1])
    assert {only[n].source for n in range(12)} == {Source.VOS}
    both = mixture(folders, "am-2k", "davis-2017")
    assert {both[n].source for n in range(12)} == {Source.IM, Source.VOS}


def test_what_is_meant_for_evaluation_is_not_learnt(folders):
    """Only training splits are drawn from, unless others are named."""
    assert {item.split for item in mixture(folders, "davis-2017").items[0]} == {"train"}
    assert {item.split for item in mixture(folders, "davis-2017", splits=["val", "train", "all"]).items[0]} == {
        "train",
        "val",
    }
    with pytest.raises(PlateError, match="'aim-500' has test there") as caught:
        mixture(folders, "aim-500")
    assert caught.value.code == "data.no_training_split"


def test_foregrounds_need_backgrounds(folders):
    """A set of foregrounds without any background is refused, with what to add."""
    with pytest.raises(PlateError, match="bg-20k") as caught:
        Mixture(sets(folders, "am-2k", "vm108"), [], 32, 2, 0)
    assert caught.value.code == "data.no_backgrounds"
    Mixture(sets(folders, "am-2k"), [], 32, 2, 0)[0]


def test_backgrounds_alone_teach_nothing(folders):
    """A set without labels cannot be learnt from."""
    with pytest.raises(PlateError, match="no labels"):
        Mixture(sets(folders, "dvm"), [], 32, 2, 0)


def test_empty_labels_end_in_words(tmp_path):
    """A set whose labels are all black is refused instead of searched for ever."""
    make_folder("am-2k", tmp_path)
    cv2.imwrite(str(tmp_path / "train/mask/m_1.png"), np.zeros((40, 48), np.uint8))
    with pytest.raises(PlateError, match="--check-data") as caught:
        Mixture([discover(tmp_path, "am-2k")], [], 32, 2, 0)[0]
    assert caught.value.code == "data.nothing_visible"


def test_frames_of_a_clip():
    """Frames are in a row or evenly apart, either way round; a short clip goes back and forth, a still stands."""
    ways = set()
    for seed in range(60):
        places = frames_of(np.random.default_rng(seed), 30, 8)
        steps = set(np.diff(places).tolist())
        assert len(steps) == 1
        ways |= steps
        assert 0 <= min(places) <= max(places) < 30
        short = frames_of(np.random.default_rng(seed), 3, 8)
        assert set(np.abs(np.diff(short)).tolist()) == {1}
        assert set(short) == {0, 1, 2}
        assert frames_of(np.random.default_rng(seed), 1, 4) == [0, 0, 0, 0]
    assert ways == {1, 2, 3, -1, -2, -3}


@pytest.mark.parametrize("seed", range(6))
def test_every_composite_can_be_made_again_from_its_alpha(seed):
    """Whatever was drawn - place, motion, blur, grade - a plate is colour * alpha + ground * (1 - alpha) in light."""
    rng = np.random.default_rng(seed)
    soft = cv2.GaussianBlur(np.pad(np.full((30, 30), 255, np.uint8), 17), (0, 0), 4)
    front = Piece([np.full((64, 64, 3), 220, np.uint8)] * 3, np.stack([soft] * 3)[None], (0, 0, 0))
    back = Piece([np.full((50, 80, 3), 60, np.uint8)] * 3, np.empty((0, 3, 50, 80), np.uint8), (0, 0, 0))
    scene = foreground_scene(rng, [front], back, 64, merge=False)
    alpha = scene.alpha_nthw[0][..., None].astype(float)
    assert alpha.max() > 0.9
    solid, bare = alpha[..., 0] > 0.999, alpha[..., 0] == 0
    ground = scene.plates_thwc[bare].mean(0) if bare.any() else Grade.neutral().apply(back.plates[0])[0, 0]
    colour = scene.plates_thwc[solid].mean(0)
    assert np.abs(scene.plates_thwc - (colour * alpha + ground * (1 - alpha))).max() < 2e-3
