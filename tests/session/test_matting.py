import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.session.held import share
from engine.session.matting import Crop, MatterLimits, blend_tiles, crops_of, matte

LIMITS = MatterLimits(margin=32, tile=128, overlap=32)


def trimap_of(height, width, unknown=(), foreground=()):
    """Give a trimap with these rectangles: top, bottom, left, right."""
    trimap = torch.zeros(1, 1, height, width)
    for value, places in ((1.0, foreground), (0.5, unknown)):
        for top, bottom, left, right in places:
            trimap[..., top:bottom, left:right] = value
    return trimap


class Matter:
    """A matter that gives a plain function of the plate, and notes the sizes it was asked for."""

    def __init__(self, model=None):
        self.sizes, self.model = [], model

    def __call__(self, plate, trimap):
        """Matte and note the size."""
        self.sizes.append(tuple(trimap.shape[-2:]))
        assert plate.shape[-2:] == trimap.shape[-2:]
        return self.model(plate, trimap) if self.model else plate[:, :1]


def test_what_the_trimap_knows_stays():
    """Known pixels are exactly 0 and 1, unknown ones are the network's, whatever the crop."""
    plate = torch.rand(1, 3, 200, 300)
    trimap = trimap_of(200, 300, unknown=[(90, 110, 40, 60), (10, 30, 250, 270)], foreground=[(100, 150, 50, 90)])
    alpha = matte(Matter(), plate, trimap, LIMITS)
    assert torch.equal(alpha[trimap != 0.5], trimap[trimap != 0.5])
    assert torch.equal(alpha[trimap == 0.5], plate[:, :1][trimap == 0.5])


def test_a_known_plate_asks_no_network():
    """Without an unknown pixel the network is not run at all."""
    network = Matter()
    trimap = trimap_of(64, 64, foreground=[(0, 30, 0, 64)])
    assert torch.equal(matte(network, torch.rand(1, 3, 64, 64), trimap, LIMITS), trimap)
    assert network.sizes == []


def test_only_crops_are_matted():
    """A small unknown area in a large plate costs a small crop."""
    network = Matter()
    trimap = trimap_of(1000, 2000, unknown=[(500, 510, 700, 710)])
    matte(network, torch.rand(1, 3, 1000, 2000), trimap, LIMITS)
    assert len(network.sizes) == 1
    assert max(network.sizes[0]) <= 128


def test_a_crop_over_the_plate_is_the_plain_run(model):
    """When one crop covers the plate, the unknown pixels are those of the network run on the whole plate."""
    plate = torch.rand(1, 3, 75, 100)
    trimap = trimap_of(75, 100, unknown=[(0, 10, 0, 10), (30, 75, 40, 100)], foreground=[(10, 30, 0, 40)])
    with torch.inference_mode():
        whole = model.matter(plate, trimap)
        alpha = matte(Matter(model.matter), plate, trimap, MatterLimits(margin=200))
    assert torch.equal(alpha, torch.where(trimap == 0.5, whole, trimap))


@settings(max_examples=60)
@given(
    spots=st.lists(st.tuples(st.integers(0, 299), st.integers(0, 399)), max_size=12),
    margin=st.integers(0, 80),
)
def test_crops_hold_every_unknown_pixel_with_its_margin(spots, margin):
    """Every unknown pixel and its margin lie in one crop; crops are within the plate and do not overlap."""
    unknown = np.zeros((300, 400), bool)
    for y, x in spots:
        unknown[y, x] = True
    crops = crops_of(torch.from_numpy(unknown), margin)
    for y, x in spots:
        around = Crop(max(x - margin, 0), max(y - margin, 0), min(x + margin + 1, 400), min(y + margin + 1, 300))
        assert any(crop.around(around) == crop for crop in crops)
    for index, crop in enumerate(crops):
        assert 0 <= crop.left < crop.right <= 400
        assert 0 <= crop.top < crop.bottom <= 300
        assert not any(crop.overlaps(other) for other in crops[:index])
    assert bool(crops) == bool(spots)


def test_neighbours_share_a_crop_and_strangers_do_not():
    """Boxes side by side become one crop; boxes far apart stay two."""
    for gap, count in ((40, 1), (500, 2)):
        unknown = np.zeros((100, 1000), bool)
        unknown[40:50, 100:110] = unknown[40:50, 110 + gap : 120 + gap] = True
        assert len(crops_of(torch.from_numpy(unknown), 32)) == count


@pytest.mark.parametrize(("width", "height"), [(128, 128), (300, 100), (431, 267), (129, 500)])
def test_tiles_that_agree_leave_no_trace(width, height):
    """Where tiles say the same, the whole says it too, to rounding, on every pixel."""
    picture = torch.rand(1, 1, height, width)
    whole = blend_tiles(lambda crop: picture[crop.window], width, height, LIMITS)
    assert torch.allclose(whole, picture, atol=1e-6)


def test_seams_are_ramps():
    """Where tiles disagree, one fades into the next over the overlap: no step is larger than a ramp's."""
    levels = iter(range(100))

    def flat(crop):
        assert max(crop.right - crop.left, crop.bottom - crop.top) <= LIMITS.tile
        return torch.full((1, 1, crop.bottom - crop.top, crop.right - crop.left), float(next(levels) % 2))

    whole = blend_tiles(flat, 500, 128, LIMITS)
    steps = whole.diff(dim=-1).abs()
    assert steps.max() <= 1.5 / LIMITS.overlap
    assert whole.max() == 1
    assert whole.min() == 0


def test_large_crops_go_in_tiles(model):
    """A crop above the tile's size is matted in pieces no larger than it, and pieces without unknowns cost nothing."""
    network = Matter(model.matter)
    trimap = trimap_of(128, 640, unknown=[(20, 100, 0, 200), (20, 100, 560, 640)], foreground=[(0, 20, 0, 640)])
    limits = MatterLimits(margin=300, tile=128, overlap=32)
    with torch.inference_mode():
        alpha = matte(network, torch.rand(1, 3, 128, 640), trimap, limits)
    assert all(max(size) <= 128 for size in network.sizes)
    assert 3 <= len(network.sizes) <= 5
    assert torch.equal(alpha[trimap != 0.5], trimap[trimap != 0.5])


def test_overlapping_objects_sum_to_one():
    """Alphas are divided by their sum where it exceeds 1, and left alone elsewhere."""
    one, other = share([torch.tensor([0.9, 0.2, 1.0]), torch.tensor([0.6, 0.3, 1.0])])
    assert torch.allclose(one, torch.tensor([0.6, 0.2, 0.5]))
    assert torch.allclose(other, torch.tensor([0.4, 0.3, 0.5]))


def test_limits_that_cannot_tile_are_refused():
    """An overlap of more than half a tile is refused when it is declared."""
    with pytest.raises(ValueError, match="overlap"):
        MatterLimits(tile=100, overlap=60)
