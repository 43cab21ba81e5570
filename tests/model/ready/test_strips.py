"""A plate encoded in strips of windows is the plate encoded at once."""

import copy

import pytest
import torch
from sam2.modeling.backbones.hieradet import MultiScaleBlock
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from engine.model.ready import strips
from engine.model.ready.strips import StripBlock, put_in_strips

KINDS = {
    "windows": {"dim": 16, "dim_out": 16, "window_size": 4},
    "windows, pooled and widened": {"dim": 16, "dim_out": 32, "window_size": 4, "q_stride": (2, 2)},
    "the whole plate": {"dim": 16, "dim_out": 16, "window_size": 0},
    "the whole plate, widened": {"dim": 16, "dim_out": 32, "window_size": 0},
}


def seeded(kind):
    """One of Hiera's blocks for inference, two heads, its norms not the identity."""
    torch.manual_seed(6)
    block = MultiScaleBlock(num_heads=2, **KINDS[kind]).requires_grad_(requires_grad=False).eval()
    for norm in (block.norm1, block.norm2):
        nn.init.normal_(norm.weight, 1, 0.2)
        nn.init.normal_(norm.bias)
    return block


@pytest.fixture
def small_strips(monkeypatch):
    """Strips of at most 32 tokens, so that a small plate has several."""
    monkeypatch.setattr(strips, "_TOKENS", 32)


@pytest.mark.usefixtures("small_strips")
@pytest.mark.parametrize("size_hw", [(16, 8), (14, 10), (2, 2), (18, 40)])
@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_a_block_in_strips_is_the_block(kind, size_hw):
    """Whether windows fit a plate or not, and of several plates, tokens are those of SAM 2's block up to rounding."""
    block = seeded(kind)
    tokens = torch.randn(2, *size_hw, 16)
    want = block(tokens)
    torch.testing.assert_close(StripBlock(block)(tokens.clone()), want, rtol=0, atol=1e-5)


@pytest.mark.usefixtures("small_strips")
@torch.inference_mode()
def test_tokens_that_do_not_lie_row_by_row_are_left_alone():
    """Tokens with channels first in memory come out right, and what was given is as it was."""
    block = seeded("windows")
    tokens = torch.randn(1, 16, 12, 8).permute(0, 2, 3, 1)
    before = tokens.clone()
    torch.testing.assert_close(StripBlock(block)(tokens), block(before), rtol=0, atol=1e-5)
    assert torch.equal(tokens, before)


@pytest.mark.usefixtures("small_strips")
@torch.inference_mode()
def test_no_layer_sees_more_than_a_strip():
    """Of windows on a tall plate every product has at most as many tokens as a strip."""
    block = seeded("windows")
    seen = []
    for layer in block.modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_hook(lambda _, given, __: seen.append(given[0].numel() // given[0].shape[-1]))
    StripBlock(block)(torch.randn(1, 64, 8, 16))
    assert max(seen) == 32


@torch.inference_mode()
def test_blocks_that_are_exchanged_keep_their_weights():
    """A list of blocks put in strips computes what it did, with the same parameters."""
    blocks = nn.ModuleList([seeded("windows"), seeded("windows, pooled and widened")])
    plain = copy.deepcopy(blocks)
    put_in_strips(blocks)
    assert {type(block) for block in blocks} == {StripBlock}
    tokens = torch.randn(1, 8, 8, 16)
    want = plain[1](plain[0](tokens))
    torch.testing.assert_close(blocks[1](blocks[0](tokens.clone())), want, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_all_products_are_counted():
    """PyTorch's counter sees as many operations in a block in strips as in the block, so benchmarks stay true."""
    counts = []
    for block in (seeded("windows"), StripBlock(seeded("windows"))):
        with FlopCounterMode(display=False) as counter:
            block(torch.randn(1, 8, 8, 16))
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1] > 0
