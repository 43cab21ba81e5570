"""What swapped layers promise of inputs that no ordinary frame has: the contract tells of ordinary ones."""

import pytest
import torch
from sam2.modeling.backbones.hieradet import MultiScaleBlock
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from engine.model.ready import become, encoder, half, recall
from engine.model.ready.encoder import StripBlock
from engine.model.ready.half import FusedGelu, HalfLinear, attend_in_half, fuses, in_half
from engine.model.ready.recall import attend

BLOCKS = {
    "windows": {"dim": 16, "dim_out": 16, "window_size": 4},
    "windows, pooled and widened": {"dim": 16, "dim_out": 32, "window_size": 4, "q_stride": (2, 2)},
    "the whole plate": {"dim": 16, "dim_out": 16, "window_size": 0},
    "the whole plate, widened": {"dim": 16, "dim_out": 32, "window_size": 0},
}


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(6)


@pytest.fixture
def small_strips(monkeypatch):
    """Strips of at most 32 tokens, so that a small plate has several."""
    monkeypatch.setattr(encoder, "_TOKENS", 32)


def hiera_block(kind):
    """One of Hiera's blocks for inference, two heads, its norms not the identity."""
    block = MultiScaleBlock(num_heads=2, **BLOCKS[kind]).requires_grad_(requires_grad=False).eval()
    for norm in (block.norm1, block.norm2):
        nn.init.normal_(norm.weight, 1, 0.2)
        nn.init.normal_(norm.bias)
    return block


def attention(q, k, v):
    """softmax(Q K^T / sqrt(C)) V in double precision."""
    q, k, v = q.double(), k.double(), v.double()
    return torch.softmax(q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5, dim=-1) @ v


def drawn(batch, queries, keys, width):
    """Queries, keys and values of normal numbers."""
    return torch.randn(batch, queries, 8), torch.randn(batch, keys, 8), torch.randn(batch, keys, width)


@pytest.mark.usefixtures("small_strips")
@pytest.mark.parametrize("size_hw", [(16, 8), (14, 10), (2, 2), (18, 40)])
@pytest.mark.parametrize("kind", BLOCKS)
@torch.inference_mode()
def test_a_block_in_strips_is_the_block(kind, size_hw):
    """Whether windows fit a plate or not, and of several plates, tokens are those of SAM 2's block up to rounding."""
    block, tokens = hiera_block(kind), torch.randn(2, *size_hw, 16)
    want = block(tokens)
    torch.testing.assert_close(become(block, StripBlock)(tokens.clone()), want, rtol=0, atol=1e-5)


@pytest.mark.usefixtures("small_strips")
@torch.inference_mode()
def test_tokens_that_do_not_lie_row_by_row_are_left_alone():
    """Tokens with channels first in memory come out of strips right, and what was given is as it was."""
    block, tokens = hiera_block("windows"), torch.randn(1, 16, 12, 8).permute(0, 2, 3, 1)
    before = tokens.clone()
    want = block(before)
    torch.testing.assert_close(become(block, StripBlock)(tokens), want, rtol=0, atol=1e-5)
    assert torch.equal(tokens, before)


@pytest.mark.usefixtures("small_strips")
@torch.inference_mode()
def test_no_layer_sees_more_than_a_strip():
    """Of windows on a tall plate every product has at most as many tokens as a strip, and all products are counted."""
    block, seen, tokens = hiera_block("windows"), [], torch.randn(1, 64, 8, 16)
    with FlopCounterMode(display=False) as whole:
        block(tokens)
    for layer in block.modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_hook(lambda _, given, __: seen.append(given[0].numel() // given[0].shape[-1]))
    with FlopCounterMode(display=False) as counter:
        become(block, StripBlock)(tokens)
    assert max(seen) == 32
    assert counter.get_total_flops() == whole.get_total_flops() > 0


@pytest.mark.parametrize("way", [attend, recall._attend_shifted])
@pytest.mark.parametrize("shape", [(1, 7, 5, 3), (2, 300, 40, 16), (1, 20, 2500, 32)])
def test_attention_is_the_definition(shape, way):
    """Products a few queries or keys at a time give softmax(Q K^T / sqrt(C)) V, whatever the width of V."""
    given = drawn(*shape)
    assert torch.allclose(way(*given).double(), attention(*given), atol=1e-6)


@pytest.mark.parametrize("shift", [-150.0, 150.0], ids=["all vanish", "all too large"])
def test_scores_beyond_a_floats_exponentials_are_attended_to(shift):
    """Where the exponentials of scores leave the range of a float, attention is what it should be all the same."""
    q, k, v = drawn(1, 30, 2000, 16)
    q[..., 0], k[..., 0] = 8**0.5, shift
    found = attend(q, k, v)
    assert torch.isfinite(found).all()
    assert torch.allclose(found.double(), attention(q, k, v), atol=1e-4)


def test_ordinary_scores_need_no_second_pass(monkeypatch):
    """Scores as a network has them are done in one pass, without looking for the largest."""
    monkeypatch.setattr(recall, "_attend_shifted", None)
    given = drawn(1, 30, 2000, 16)
    assert torch.allclose(attend(*given).double(), attention(*given), atol=1e-6)


def test_recall_in_half_is_as_near_as_it_can_be():
    """In bfloat16 attention is wrong by less than one part in a hundred, of values as spread as their errors."""
    q, k, v = (part.bfloat16() for part in drawn(1, 200, 3000, 64))
    assert error(attend(q, k, v), attention(q, k, v)) < 0.01


def error(found, want):
    """How far off, of how large it is."""
    return (found.double() - want.double()).norm() / want.double().norm()


@pytest.mark.skipif(not fuses(), reason="this PyTorch has no fused products for this processor")
@torch.inference_mode()
def test_a_fused_product_is_no_farther_from_exact():
    """Bias and GELU within the product are no farther from double precision than one after the other."""
    tokens, layer = torch.randn(1, 6, 8, 32).bfloat16(), nn.Linear(32, 64).bfloat16()
    exact = functional.gelu(functional.linear(tokens.double(), layer.weight.double(), layer.bias.double()))
    apart = functional.gelu(layer(tokens))
    assert error(become(layer, FusedGelu)(tokens), exact) < error(apart, exact) + 0.001


@pytest.mark.parametrize("answer", ["missing", "wrong"])
@torch.inference_mode()
def test_the_operator_is_tried_before_it_is_trusted(monkeypatch, answer):
    """A PyTorch whose operator is gone, or computes something else, is told by trying it; layers then stay public."""

    def forward(self, x):
        if answer == "missing":
            raise AttributeError
        return functional.linear(x, self.weight, self.bias) + 1

    monkeypatch.setattr(FusedGelu, "forward", forward)
    assert not fuses()
    part = in_half(nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8)))
    assert type(part[0]) is nn.Linear


@pytest.mark.parametrize("count", [1, 255, 256, 300])
@torch.inference_mode()
def test_products_of_any_number_of_tokens_are_the_same(count):
    """Taking whole steps of tokens changes no bit of a product, of one token or of more than a step."""
    linear, tokens = nn.Linear(32, 48).bfloat16(), torch.randn(1, count, 32)
    assert torch.equal(HalfLinear.forward(linear, tokens), linear(tokens.bfloat16()))


@pytest.mark.parametrize("count", [1, 63, 64, 150])
@torch.inference_mode()
def test_tokens_that_fill_a_step_are_not_attended_to(count):
    """Attention in whole steps of tokens is attention of the tokens given, up to rounding."""
    q, k, v = torch.randn(3, 1, 2, count, 16).bfloat16()
    found = attend_in_half(q, k, v)
    assert found.shape == v.shape
    assert error(found, attention(q, k, v)) < 0.01


@torch.inference_mode()
def test_crops_of_all_sizes_meet_few_products(monkeypatch):
    """Hundred numbers of tokens make products of few sizes, for each is compiled and kept."""
    sizes, multiply = set(), functional.linear
    monkeypatch.setattr(half.functional, "linear", lambda x, *rest: sizes.add(x.shape[0]) or multiply(x, *rest))
    layer = become(nn.Linear(32, 48).bfloat16(), HalfLinear)
    for count in range(100, 1100, 10):
        layer(torch.zeros(1, count, 32))
    assert sizes == {256, 512, 768, 1024, 1280}
