"""Attention over many tokens on a processor is attention."""

import pytest
import torch

from engine.model.ready import recall
from engine.model.ready.recall import attend, attend_unshifted


def definition(q, k, v):
    """softmax(Q K^T / sqrt(C)) V in double precision."""
    q, k, v = q.double(), k.double(), v.double()
    return torch.softmax(q @ k.transpose(1, 2) / q.shape[-1] ** 0.5, dim=-1) @ v


def drawn(batch, queries, keys, width):
    """Queries, keys and values of normal numbers."""
    torch.manual_seed(1)
    return torch.randn(batch, queries, 8), torch.randn(batch, keys, 8), torch.randn(batch, keys, width)


@pytest.mark.parametrize("way", [attend, attend_unshifted])
@pytest.mark.parametrize("shape", [(1, 7, 5, 3), (2, 300, 40, 16), (1, 20, 2500, 32)])
def test_attention_is_the_definition(shape, way):
    """Products a few queries or keys at a time give softmax(Q K^T / sqrt(C)) V, whatever the width of V."""
    given = drawn(*shape)
    assert torch.allclose(way(*given).double(), definition(*given), atol=1e-6)


@pytest.mark.parametrize("shift", [-150.0, 150.0], ids=["all vanish", "all too large"])
def test_scores_beyond_a_floats_exponentials_are_attended_to(shift):
    """Where the exponentials of scores leave the range of a float, attention is what it should be all the same."""
    q, k, v = drawn(1, 30, 2000, 16)
    q[..., 0], k[..., 0] = 8**0.5, shift
    found = attend_unshifted(q, k, v)
    assert torch.isfinite(found).all()
    assert torch.allclose(found.double(), definition(q, k, v), atol=1e-4)


def test_ordinary_scores_need_no_second_pass(monkeypatch):
    """Scores as a network has them are done in one pass, without looking for the largest."""
    monkeypatch.setattr(recall, "attend", None)
    given = drawn(1, 30, 2000, 16)
    assert torch.allclose(attend_unshifted(*given).double(), definition(*given), atol=1e-6)


def test_half_precision_is_as_near_as_it_can_be():
    """In bfloat16 attention is wrong by less than one part in a hundred, of values as spread as their errors."""
    q, k, v = (part.bfloat16() for part in drawn(1, 200, 3000, 64))
    want = definition(q, k, v)
    assert (attend_unshifted(q, k, v).double() - want).norm() < 0.01 * want.norm()
