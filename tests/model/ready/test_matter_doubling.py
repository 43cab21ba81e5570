"""A fusion step with its doubling folded in gives what the plain step gives."""

import pytest
import torch
from torch.nn import functional

from engine.model.matter_decoder import FusionBlock
from engine.model.ready import make_ready
from engine.model.ready.around_unknown import FoldedFusion
from engine.model.ready.regions import Crop

FRAME = Crop(0, 0, 18, 14)


def folded_step():
    """A seeded step of 6 and 3 channels to 5 with its norm folded, and the same with its doubling folded too."""
    torch.manual_seed(2)
    step = FusionBlock(6, 3, 5).eval()
    norm = step.conv.bn
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2.0)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    make_ready._fold(step.conv)
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


@torch.no_grad()
def test_a_folded_step_in_half_gives_the_same_pixels():
    """In bfloat16 a corner of the frame becomes what it becomes in float32, up to that precision."""
    _, folded = folded_step()
    features, detail = torch.randn(1, 6, 9, 11), torch.randn(1, 3, 16, 20)
    frame = Crop(0, 0, 40, 40)
    detail[:, :, 0] = detail[..., 0] = 0
    want = folded(features, detail, frame)
    found = folded.bfloat16()(features.bfloat16(), detail.bfloat16(), frame)
    assert found.shape == want.shape
    assert (found.float() - want).norm() < 0.02 * want.norm()
