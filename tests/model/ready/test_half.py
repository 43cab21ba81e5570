"""Layers with fewer passes over tokens compute what they stand in for."""

import pytest
import torch
from sam2.modeling.sam2_utils import MLP
from torch import nn
from torch.nn import functional

from engine.model.matter_blocks import RoutedBlock, WindowBlock
from engine.model.ready import half
from engine.model.ready.half import (
    FusedLinear,
    HalfLinear,
    HalfNorm,
    PairPool,
    attend_in_half,
    fuse,
    fuses,
    multiply_in_half,
)

needs_the_operator = pytest.mark.skipif(not fuses(), reason="this PyTorch has no fused products for this processor")


@pytest.fixture
def tokens():
    """Tokens (1, 6, 8, 32) in bfloat16."""
    torch.manual_seed(4)
    return torch.randn(1, 6, 8, 32).bfloat16()


def layers():
    """What a trunk's block consists of, stored in bfloat16 but for its norm, seeded."""
    torch.manual_seed(5)
    part = nn.ModuleDict({"norm": nn.LayerNorm(32, eps=1e-6), "mlp": MLP(32, 64, 32, 2, nn.GELU)})
    part["proj"], part["pool"] = nn.Linear(32, 48), nn.MaxPool2d(2)
    part.requires_grad_(requires_grad=False)
    part["norm"].weight.normal_()
    part["mlp"].bfloat16()
    part["proj"].bfloat16()
    return part


def error(found, want):
    """How far off, of how large it is."""
    return (found.double() - want.double()).norm() / want.double().norm()


@needs_the_operator
@torch.inference_mode()
def test_a_fused_product_is_no_farther_from_exact(tokens):
    """Bias and GELU within the product are no farther from double precision than one after the other."""
    part = layers()["mlp"]
    exact = tokens.double()
    for number, layer in enumerate(part.layers):
        exact = functional.linear(exact, layer.weight.double(), layer.bias.double())
        exact = functional.gelu(exact) if number == 0 else exact
    before = error(part(tokens), exact)
    holder = nn.Sequential(part)
    fuse(holder)
    assert all(isinstance(layer, FusedLinear) for layer in holder[0].layers)
    assert error(holder(tokens), exact) < before + 0.001


@torch.inference_mode()
def test_every_layer_gives_what_it_did(tokens):
    """Norms, pooling and products of a trunk that was made lean differ from before by rounding alone."""
    before, after = layers(), layers()
    fuse(after)
    assert isinstance(after["norm"], HalfNorm)
    with torch.autocast("cpu", torch.bfloat16):
        for name in ("norm", "mlp", "proj"):
            assert error(after[name](tokens), before[name](tokens)) < 0.01
    upright = tokens.permute(0, 3, 1, 2)
    assert isinstance(after["pool"], PairPool)
    assert torch.equal(after["pool"](upright), before["pool"](upright))


@torch.inference_mode()
def test_without_the_operator_products_stay_public(monkeypatch, tokens):
    """Where PyTorch's operator is missing or answers otherwise, linear layers stay as they were."""
    monkeypatch.setattr(half, "fuses", lambda: False)
    part = layers()
    fuse(part)
    assert not any(isinstance(module, FusedLinear) for module in part.modules())
    assert torch.equal(part["mlp"](tokens), layers()["mlp"](tokens))


@torch.inference_mode()
def test_a_matters_blocks_multiply_in_half():
    """A matter's tokens stay in float32, and a block's attention and MLP change them as before up to rounding."""
    torch.manual_seed(6)
    grid, keep = torch.randn(1, 8, 12, 32), torch.rand(1, 8, 12) > 0.5
    for block, rest in ((WindowBlock(32, 2, 4), ()), (RoutedBlock(32, 2), (keep,))):
        nn.init.normal_(block.mlp.fc2.weight)
        before = block(grid, *rest)
        multiply_in_half([block])
        after = block(grid, *rest)
        assert after.dtype == torch.float32
        assert 0 < error(after - grid, before - grid) < 0.01


@pytest.mark.parametrize("count", [1, 255, 256, 300])
@torch.inference_mode()
def test_products_of_any_number_of_tokens_are_the_same(count):
    """Taking whole steps of tokens changes no bit of a product, of one token or of more than a step."""
    torch.manual_seed(8)
    linear, tokens = nn.Linear(32, 48).bfloat16(), torch.randn(1, count, 32)
    assert torch.equal(HalfLinear(linear)(tokens), linear(tokens.bfloat16()))


@pytest.mark.parametrize("count", [1, 63, 64, 150])
@torch.inference_mode()
def test_tokens_that_fill_a_step_are_not_attended_to(count):
    """Attention in whole steps of tokens is attention of the tokens given, up to rounding."""
    torch.manual_seed(9)
    q, k, v = torch.randn(3, 1, 2, count, 16).bfloat16()
    found = attend_in_half(q, k, v)
    exact = functional.scaled_dot_product_attention(q.double(), k.double(), v.double())
    assert found.shape == exact.shape
    assert error(found, exact) < 0.01


@torch.inference_mode()
def test_crops_of_all_sizes_meet_few_products(monkeypatch):
    """Hundred numbers of tokens make products of few sizes, for each is compiled and kept."""
    sizes, multiply = set(), functional.linear
    monkeypatch.setattr(functional, "linear", lambda x, *rest: sizes.add(x.shape[0]) or multiply(x, *rest))
    layer = HalfLinear(nn.Linear(32, 48).bfloat16())
    for count in range(100, 1100, 10):
        layer(torch.zeros(1, count, 32))
    assert sizes == {256, 512, 768, 1024, 1280}


@pytest.mark.parametrize("answer", ["missing", "wrong"])
def test_the_operator_is_tried_before_it_is_trusted(monkeypatch, answer):
    """A PyTorch whose operator is gone, or computes something else, is told by trying it."""

    def forward(self, x):
        if answer == "missing":
            raise AttributeError
        return functional.linear(x, self.weight, self.bias) + 1

    monkeypatch.setattr(FusedLinear, "forward", forward)
    assert not fuses()
