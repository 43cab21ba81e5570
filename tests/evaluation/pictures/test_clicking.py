"""Promises of clicks, corrections and boxes on masked pictures, and of what is counted there."""

import numpy as np
import pytest
from tiny_pack import scene

from engine.contract.shot import Box, Point
from engine.evaluation.pictures.masks import answers, correction, deepest, examine_masks
from engine.evaluation.pictures.methods import SALIENCY, Methods
from engine.evaluation.pictures.studio import MaskedPicture, iou, read_masked
from engine.model.mam2 import MAM2


def _picture(number=0):
    return MaskedPicture(f"scene{number}", *scene(number))


def _square(rows, columns, size_hw=(20, 30)):
    mask = np.zeros(size_hw, bool)
    mask[rows, columns] = True
    return mask


def test_a_click_falls_into_the_middle():
    """The first click is the pixel farthest from the object's edge, and the picture's border is an edge."""
    assert deepest(_square(slice(4, 9), slice(10, 15))) == (12.5, 6.5)
    assert deepest(_square(slice(0, 7), slice(0, 7))) == (3.5, 3.5)


def test_a_correction_goes_where_most_is_wrong():
    """A correction adds where the largest missing region is, or takes away where the largest extra region is."""
    everywhere = np.ones((20, 30), bool)
    true, found = _square(slice(2, 9), slice(2, 9)), _square(slice(12, 15), slice(20, 23))
    assert correction(found, true, everywhere) == Point(0, 5.5, 5.5, positive=True)
    assert correction(true, found, everywhere) == Point(0, 5.5, 5.5, positive=False)
    assert correction(true, true, everywhere) is None


def test_what_is_to_be_ignored_is_neither_clicked_nor_counted():
    """Pixels marked to be ignored call for no correction and change no IoU."""
    true, counted = _square(slice(2, 9), slice(2, 9)), ~_square(slice(12, 20), slice(0, 30))
    found = true | ~counted
    assert correction(found, true, counted) is None
    assert iou(found, true, counted) == 1
    assert iou(found, true) < 1
    assert iou(np.zeros_like(true), np.zeros_like(true)) == 1


def test_specks_are_left_out_and_one_object_may_be_salient():
    """Objects under 0.4 % of a picture are not asked for; one that dwarfs all others is salient."""
    picture = _picture()
    assert picture.objects == (1, 2)
    assert picture.salient == 1
    _, instances = scene(0)
    instances[30:60, 62:94] = 4
    assert MaskedPicture("two", picture.plate_hwc, instances).salient is None


def test_a_map_of_another_size_is_refused(tmp_path, pack):
    """An instance map that does not fit its picture is told, with both names."""
    from dataclasses import replace
    from shutil import copy

    from engine.contract.errors import PlateError

    picture = pack.of("masked")[0]
    copy(picture.path, tmp_path / "a.jpg")
    copy(pack.of("background")[0].path, tmp_path / "a_inst.png")
    with pytest.raises(PlateError, match="a_inst") as raised:
        read_masked(replace(picture, path=tmp_path / "a.jpg"))
    assert raised.value.code == "data.size"


def test_prompts_grow_click_by_click_on_one_encoding(model, monkeypatch):
    """Each object gets one, two and three clicks, then a box alone, and the plate is encoded once for all of them."""
    encoded, encode = [], MAM2.encode
    monkeypatch.setattr(MAM2, "encode", lambda self, plates: encoded.append(1) or encode(self, plates))
    found = dict(answers(model, _picture(), "pdd+mss"))
    assert encoded == [1]
    assert list(found) == ["1", "2", "3", "box"]
    for value in (1, 2):
        clicks = [found[key][value].prompts for key in ("1", "2", "3")]
        assert [len(some) for some in clicks] == [1, 2, 3]
        assert clicks[2][:2] == clicks[1]
        assert clicks[0][0].positive
        assert [type(one) for one in found["box"][value].prompts] == [Box]
    assert found["1"][1].mask_hw.shape == (64, 96)


def test_masks_are_measured_beside_simple_methods(model):
    """A model has IoU by clicks and by box, a filled box its own; what needs no prompt is asked on salient pictures."""
    methods = Methods(
        {"small": model}, "pdd+mss", baselines=True, saliency=lambda plate: plate[..., 0] / 255, strips=True
    )
    whole, salient = examine_masks([_picture(0), _picture(1)], methods)
    assert whole.methods == ("small", "GrabCut", "box filled")
    assert [case.name for case in whole.of("small")] == ["scene0:1", "scene0:2", "scene1:1", "scene1:2"]
    assert all(set(case.figures) == {"1", "2", "3", "box"} for case in whole.of("small"))
    assert {case.name: case.figures["box"] for case in whole.of("box filled")}["scene0:2"] == 1
    assert whole.of("GrabCut")[0].figures["box"] > 0.9
    assert [case.name for case in salient.of(SALIENCY)] == ["scene0:1", "scene1:1"]
    assert all(case.strip.startswith(b"\xff\xd8") for case in whole.of("small"))
    assert whole.spent["small"].passed > 0
