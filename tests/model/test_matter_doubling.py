"""A fusion step with its doubling folded in gives what the plain step gives."""

import pytest
import torch

from engine.model import inference
from engine.model.matter_decoder import FusionBlock
from engine.model.matter_doubling import FoldedFusion


def folded_step():
    """A seeded step of 6 and 3 channels to 5 with its norm folded, and the same with its doubling folded too."""
    torch.manual_seed(2)
    step = FusionBlock(6, 3, 5).eval()
    norm = step.conv.bn
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2.0)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    inference._fold(step.conv)
    return step, FoldedFusion(step)


@torch.no_grad()
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_away_from_edges_a_folded_step_is_the_plain_one(memory_format):
    """But for two pixels along each side, features and details become what they became, up to rounding."""
    step, folded = folded_step()
    features = torch.randn(2, 6, 7, 9).to(memory_format=memory_format)
    detail = torch.randn(2, 3, 14, 18).to(memory_format=memory_format)
    want, found = step(features, detail), folded(features, detail)
    assert found.shape == want.shape
    torch.testing.assert_close(found[..., 2:-2, 2:-2], want[..., 2:-2, 2:-2], rtol=0, atol=1e-5)
    assert not torch.allclose(found, want, atol=1e-3)
