"""The matter on a GPU: chosen tokens attend in rooms, part by part, and find what they find without."""

import copy
from dataclasses import replace

import pytest
import torch
from small_model import SMALL, TINY_MATTER, lively

from engine.model.matter_blocks import Attention
from engine.model.ready import become, rooms
from engine.model.ready.rooms import PartwiseAttention, RoomyBlock, roomy

DEEPER = replace(TINY_MATTER, depth=4, global_blocks=(1, 3))


@pytest.fixture(scope="module")
def both():
    """A small matter with two routers, and the same with rooms."""
    plain = lively(replace(SMALL, lora=None, matter=DEEPER)).matter.requires_grad_(requires_grad=False)
    return plain, roomy(copy.deepcopy(plain))


def given(seed):
    """Two plates, and trimaps that are unknown in a band."""
    torch.manual_seed(seed)
    trimap = torch.zeros(2, 1, 96, 160)
    trimap[..., 20:60, 30:140] = 0.5
    trimap[..., 30:50, 50:120] = 1
    return torch.rand(2, 3, 96, 160), trimap


@torch.inference_mode()
def test_rooms_change_no_alpha(both):
    """The first batch, whose rooms nobody knows, and later ones, in rooms, are what the plain matter makes of them."""
    plain, quick = both
    rooms_of = [block for block in quick.backbone.blocks if isinstance(block, RoomyBlock)]
    for seed in range(3):
        plates, trimaps = given(seed)
        mine, theirs = quick.forward_detailed(plates, trimaps), plain.forward_detailed(plates, trimaps)
        assert all((block.room is None) == (seed == 0) for block in rooms_of)
        unknown = trimaps == 0.5
        torch.testing.assert_close(mine.alpha[unknown], theirs.alpha[unknown], rtol=0, atol=1e-5)
        assert all(torch.equal(a, b) for a, b in zip(mine.keeps, theirs.keeps, strict=True))
    assert any(block.needed > 0 for block in rooms_of)


@torch.inference_mode()
def test_a_room_that_is_too_small_changes_no_alpha(both, monkeypatch):
    """Where a router chooses more tokens than there is room for, the batch is matted as if there were no rooms."""
    monkeypatch.setattr(rooms, "_STEP", 1)
    plain, quick = both
    for block in quick.backbone.blocks:
        block.needed = 0.0
    plates, trimaps = given(5)
    mine, theirs = quick(plates, trimaps), plain(plates, trimaps)
    torch.testing.assert_close(mine[trimaps == 0.5], theirs[trimaps == 0.5], rtol=0, atol=1e-5)
    assert all(block.room is None for block in quick.backbone.blocks if isinstance(block, RoomyBlock))


@torch.inference_mode()
def test_tokens_attend_part_by_part(monkeypatch):
    """Queries whose scores take too much room wait for the next part and find the same; absent keys are unseen."""
    torch.manual_seed(3)
    plain = Attention(16, 2)
    quick = become(copy.deepcopy(plain), PartwiseAttention)
    monkeypatch.setattr(rooms, "_SCORES", 2 * 2 * 50 * 7)
    tokens = torch.randn(2, 50, 16)
    torch.testing.assert_close(quick.chosen(tokens), plain.chosen(tokens))
    there = torch.arange(50).expand(2, 50) < 40
    torch.testing.assert_close(quick.chosen(tokens, there)[:, :40], plain.chosen(tokens[:, :40]))
