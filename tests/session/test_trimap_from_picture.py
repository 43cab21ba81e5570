"""Promises of trimaps from pictures: where the network looks, and where its answer comes to lie."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_model import SMALL, lively

from engine.contract.shot import Point, ShotObject
from engine.model.config import PictureTrimapConfig
from engine.model.picture_trimap import PictureTrimap
from engine.session import fit
from engine.session.session import ShotSession
from engine.session.trimap_from_picture import mask_logits, trimap_from_picture, window_around

LITTLE = PictureTrimapConfig(widths=(4, 8, 8, 16, 16), blocks=(0, 1, 1, 1, 1), side=64)
LEFT = ShotObject("left", (Point(1, 32, 36),))


class SaysTheMask(PictureTrimap):
    """Calls foreground what the mask says and background all else; its crops are kept."""

    def __init__(self, side=128):
        super().__init__(replace(LITTLE, side=side))
        self.crops = []

    def forward(self, plates_b3ss, masks_b1ss):
        """Answer at half the side."""
        self.crops.append(plates_b3ss)
        inside = torch.nn.functional.avg_pool2d(masks_b1ss, 2)
        return torch.cat([1 - inside, torch.full_like(inside, -9.0), inside], dim=1) * 20


def box_mask(size_hw, left, top, right, bottom):
    """Give a mask (1, 1, h, w) of 0 and 1."""
    mask = torch.zeros(1, 1, *size_hw)
    mask[..., top:bottom, left:right] = 1
    return mask


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(60, 400), st.integers(60, 400)),
    left=st.floats(0, 0.7),
    top=st.floats(0, 0.7),
    wide=st.floats(0.1, 0.3),
    high=st.floats(0.1, 0.3),
    cells=st.sampled_from([16, 64, 150]),
)
def test_what_the_network_says_lies_where_it_looked(size, left, top, wide, high, cells):
    """A box stays where it is, to a cell of its mask or of the network's, in plates and masks of every size."""
    mask = box_mask(
        (cells, cells),
        int(left * cells),
        int(top * cells),
        int((left + wide) * cells) + 1,
        int((top + high) * cells) + 1,
    )
    logits, covers = trimap_from_picture(SaysTheMask(), torch.rand(1, 3, size[1], size[0]), mask_logits(mask))
    found = fit.trimap_to_plate(logits, size, covers)[0, 0] == 1
    expected = fit.to_plate(mask, size)[0, 0] > 0.5
    for axis, length in ((0, size[1]), (1, size[0])):
        near = max(length / cells, (covers.bottom - covers.top if axis == 0 else covers.right - covers.left) / 64) + 1
        for ours, theirs in zip(_ends(found.any(1 - axis)), _ends(expected.any(1 - axis)), strict=True):
            assert abs(ours - theirs) <= near


def _ends(inside):
    places = inside.nonzero()
    return int(places[0]), int(places[-1])


@given(
    size=st.tuples(st.integers(20, 3000), st.integers(20, 3000)),
    box=st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 64), st.integers(1, 64)),
)
def test_the_crop_holds_the_mask_and_lies_in_the_plate(size, box):
    """All that may be the object's lies in the crop, with surroundings where the plate has any."""
    left, top = box[:2]
    right, bottom = min(64, left + box[2]), min(64, top + box[3])
    crop = window_around(mask_logits(box_mask((64, 64), left, top, right, bottom)), size)
    across, down = size[0] / 64, size[1] / 64
    assert 0 <= crop.left <= max(0, left * across - 1)
    assert 0 <= crop.top <= max(0, top * down - 1)
    assert min(size[0], right * across + 1) <= crop.right <= size[0]
    assert min(size[1], bottom * down + 1) <= crop.bottom <= size[1]


def test_the_network_sees_a_large_plate_around_the_object_alone():
    """Of a large plate the network gets the object's surroundings, shrunk to its square, not the whole plate."""
    plate = torch.zeros(1, 3, 1000, 2000)
    plate[..., 400:600, 900:1100] = 1  # all around the object, in a plate that is black elsewhere
    network = SaysTheMask()
    _, covers = trimap_from_picture(network, plate, mask_logits(box_mask((250, 500), 235, 110, 265, 140)))
    assert (covers.right - covers.left, covers.bottom - covers.top) == (168, 168)
    assert network.crops[0].shape == (1, 3, 128, 128)
    assert float(network.crops[0].min()) == pytest.approx(1)


def test_a_see_through_object_may_be_unknown_throughout():
    """Where the network knows nothing for certain the trimap is unknown, inside the mask too, and background beyond."""

    class KnowsNothing(SaysTheMask):
        def forward(self, plates_b3ss, masks_b1ss):
            unknown = torch.full_like(super().forward(plates_b3ss, masks_b1ss), -5.0)
            unknown[:, 1] = 5.0
            return unknown

    logits, covers = trimap_from_picture(
        KnowsNothing(), torch.rand(1, 3, 200, 300), mask_logits(box_mask((50, 50), 20, 20, 30, 30))
    )
    trimap = fit.trimap_to_plate(logits, (300, 200), covers)
    assert (trimap[covers.window] == 0.5).all()
    assert int((trimap == 0.5).sum()) == covers.area
    assert set(trimap.unique().tolist()) == {0.0, 0.5}


def test_an_absent_object_is_background():
    """Of an empty mask the network is not asked, and the whole plate is background."""
    network = SaysTheMask()
    logits, covers = trimap_from_picture(network, torch.rand(1, 3, 60, 80), torch.full((1, 1, 16, 16), -1024.0))
    assert not network.crops
    assert (fit.trimap_to_plate(logits, (80, 60), covers) == 0).all()


def test_a_part_of_a_mask_is_what_the_plate_has_there():
    """A mask looked up for a part of the plate is the mask stretched over the plate and cut."""
    mask = 9 * torch.sin(0.4 * torch.arange(40.0))[None] * torch.cos(0.5 * torch.arange(24.0))[:, None]
    mask = mask[None, None]
    whole = fit.to_plate(mask, (400, 240))
    part = window_around(mask_logits(box_mask((24, 40), 10, 8, 20, 14)), (400, 240))
    ours = fit.part_to_square(mask, (400, 240), part, 128)
    theirs = fit.to_square(whole[part.window], 128)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0.25)


@pytest.fixture
def pictured():
    """Give the small model with a network of trimaps from pictures."""
    model = lively(replace(SMALL, trimap_from="picture", trimap=LITTLE))
    with torch.no_grad():
        model.trimap.head.weight.mul_(30)
    return model


@pytest.mark.usefixtures("one_thread")
def test_a_session_takes_trimaps_from_the_plate(pictured, plates, shot_of):
    """Every frame's trimap is the network's, of that frame's plate and mask; a preview and both stages agree."""
    shot = shot_of(1, 3, LEFT)
    with ShotSession(pictured, shot, plates) as session:
        found = {mattes.frame: mattes.objects["left"] for mattes in session.track()}
        again = session.preview(2).objects["left"]
        recorded = {frame: session._record.found("left", frame) for frame in found}
    with ShotSession(pictured, shot, plates) as session:
        staged = {trimaps.frame: trimaps.objects["left"] for trimaps in session.track_trimaps()}
    assert np.array_equal(found[2].trimap_hw, again.trimap_hw)
    assert np.array_equal(found[2].alpha_hw, again.alpha_hw)
    for frame, one in found.items():
        plate = fit.to_tensor(plates.display(frame), torch.device("cpu"))
        with torch.inference_mode():
            logits, covers = trimap_from_picture(pictured.trimap, plate, recorded[frame].mask_b1hw)
            expected = fit.trimap_to_plate(logits.half(), plates.size, covers)
        assert np.array_equal(one.trimap_hw, expected[0, 0].numpy())
        assert np.array_equal(one.trimap_hw, staged[frame].trimap_hw)
        assert len(np.unique(one.trimap_hw)) > 1


@pytest.mark.usefixtures("one_thread")
def test_a_model_without_the_network_takes_the_band_of_doubt(plates, shot_of):
    """Asked for trimaps from the picture without the network, a session mattes with the mask's band of doubt."""
    models = [lively(replace(SMALL, trimap_from=source)) for source in ("picture", "uncertainty")]
    tracks = []
    for model in models:
        with ShotSession(model, shot_of(1, 2, LEFT), plates) as session:
            tracks.append([mattes.objects["left"].alpha_hw for mattes in session.track()])
    assert all(np.array_equal(one, other) for one, other in zip(*tracks, strict=True))
