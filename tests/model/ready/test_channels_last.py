"""Channels last changes where numbers lie, not what they are."""

import torch
from sam2.modeling.sam2_utils import LayerNorm2d
from torch import nn

from engine.model.ready.make_ready import ChannelNorm, put_channels_last


def normed():
    """A convolution and a norm over channels with weights of its own, seeded."""
    torch.manual_seed(2)
    part = nn.Sequential(nn.Conv2d(3, 6, 3), LayerNorm2d(6)).requires_grad_(requires_grad=False)
    part[1].weight.normal_()
    part[1].bias.normal_()
    return part


def test_a_part_computes_what_it_did():
    """Convolutions and norms over channels give the same numbers when a part is put channels last."""
    part, plate = normed(), torch.randn(2, 3, 9, 11)
    want = part(plate)
    put_channels_last(part)
    assert isinstance(part[1], ChannelNorm)
    assert torch.allclose(part(plate), want, atol=1e-5)


def test_weights_keep_their_names():
    """The norm that is put in has the parameters of the one it stands in for, under the same names."""
    part = normed()
    before = {name: value.clone() for name, value in part.state_dict().items()}
    put_channels_last(part)
    after = part.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
