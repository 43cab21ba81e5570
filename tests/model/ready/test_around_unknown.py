"""The matter's decoder around unknown pixels gives what it gives of a whole frame, wherever these lie."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from engine.model.config import STARTER_MATTER
from engine.model.matter_decoder import FusionBlock, MatterDecoder
from engine.model.ready import around_unknown
from engine.model.ready.around_unknown import AroundUnknown, FoldedFusion, cells_with, windows_around
from engine.model.tensors import Crop

HEIGHT, WIDTH = 192, 288
FRAME = Crop(0, 0, 18, 14)


@pytest.fixture(scope="module")
def both():
    """A seeded decoder, and the same around unknown pixels."""
    torch.manual_seed(5)
    decoder = MatterDecoder(STARTER_MATTER).requires_grad_(requires_grad=False).eval()
    return decoder, AroundUnknown(copy.deepcopy(decoder))


def given():
    """Features and image of two frames."""
    return torch.randn(2, STARTER_MATTER.dim, HEIGHT // 16, WIDTH // 16), torch.rand(2, 4, HEIGHT, WIDTH)


@torch.no_grad()
@pytest.mark.parametrize("part_hw", [(4, 64), (20, 32), (64, 4), (500, 500)])
@pytest.mark.parametrize(
    "window",
    [Crop(0, 0, WIDTH, HEIGHT), Crop(48, 64, 192, 128), Crop(0, 32, 96, HEIGHT), Crop(16, 16, 272, 64)],
)
def test_a_window_decodes_as_its_frame_does(both, monkeypatch, window, part_hw):
    """Wherever a window lies and however large its parts, wanted pixels get the alpha of one pass over the frame."""
    whole, around = both
    monkeypatch.setattr(around_unknown, "_PART_HW", part_hw)
    features, image = given()
    wanted = torch.rand(HEIGHT, WIDTH)[window.window] > 0.999
    found = around.decode_window(features, image, window, cells_with(wanted, 4))
    want = whole(features, image)[window.window]
    torch.testing.assert_close(found[..., wanted], want[..., wanted], rtol=0, atol=1e-6)


@torch.no_grad()
def test_what_is_not_wanted_is_not_decoded(both):
    """Far from the unknown pixels a frame keeps its trimap."""
    _, around = both
    features, image = given()
    image[:, 3] = 0
    image[:, 3, 150:, 200:] = 0.5
    found = around(features, image)
    assert torch.equal(found[..., :60, :], image[:, 3:, :60])
    assert not torch.equal(found[..., 150:, 200:], image[:, 3:, 150:, 200:])


def test_windows_hold_what_is_wanted_and_little_else():
    """Every wanted pixel lies in a window, and the hole of a large ring in none."""
    wanted = torch.zeros(1088, 1920, dtype=torch.bool)
    wanted[100:900, 200:1700] = True
    wanted[130:870, 230:1670] = False
    covered = torch.zeros_like(wanted)
    for window in windows_around(cells_with(wanted, 4)):
        covered[window.window] = True
    assert covered[wanted].all()
    assert not covered[300:700, 500:1400].any()


def folded_step():
    """A seeded step of 6 and 3 channels to 5, and the same with norm and doubling folded."""
    torch.manual_seed(2)
    step = FusionBlock(6, 3, 5).eval()
    norm = step.conv.bn
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2.0)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    return step, FoldedFusion(step)


@torch.no_grad()
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    "place",
    [
        Crop(4, 4, 14, 10),
        Crop(0, 4, 14, 14),
        Crop(2, 0, 18, 12),
        Crop(0, 0, 18, 14),
        Crop(-2, -2, 20, 16),
        Crop(-4, 6, 8, 20),
        Crop(12, -6, 24, 4),
    ],
)
def test_a_folded_step_is_the_plain_one(place, memory_format):
    """Inside a frame, at each of its edges and beyond, a place becomes what the plain step makes of the frame there."""
    step, folded = folded_step()
    features = torch.randn(2, 6, 7, 9).to(memory_format=memory_format)
    detail = torch.randn(2, 3, 14, 18).to(memory_format=memory_format)
    want = step(features, detail)
    # Far more than is read; noise stands where features beyond the frame do not matter.
    noisy = torch.randn(2, 6, 7 + 16, 9 + 16)
    noisy[:, :, 8:-8, 8:-8] = features
    near = noisy[place.shrunk(2).grown(1).moved(8, 8).window].to(memory_format=memory_format)
    seen = functional.pad(detail, (16, 16, 16, 16))[place.grown(1).moved(16, 16).window]
    found = folded(near, seen, FRAME.moved(-place.left, -place.top))
    assert found.shape[-2:] == (place.bottom - place.top, place.right - place.left)
    known = place.cut_to(FRAME)
    torch.testing.assert_close(
        found[known.moved(-place.left, -place.top).window], want[known.window], rtol=0, atol=1e-5
    )
