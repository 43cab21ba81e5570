"""The hint of where a plate looks like what was clicked."""

import torch
from torch import nn

from engine.model.likeness import Likeness
from engine.model.tensors import Features


class _Told(nn.Module):
    """Stands in for the last layers: gives the map of positive likeness at the finest stride."""

    def forward(self, maps_b7hw):
        return maps_b7hw[:, :1]


def _features(seed=0):
    draw = torch.Generator().manual_seed(seed)
    sides = {"image_bchw": (64, 4), "stride_4": (8, 16), "stride_8": (16, 8)}
    return Features(**{name: torch.randn(1, c, side, side, generator=draw) for name, (c, side) in sides.items()})


def test_an_untrained_likeness_changes_nothing():
    """Before training the prompt is what was drawn."""
    said = torch.tensor([[[20.0, 40.0]]]), torch.ones(1, 1, dtype=torch.int32)
    assert not Likeness(64)(_features(), *said, torch.zeros(1, 1, 16, 16)).any()


def test_nothing_is_more_like_the_clicked_place_than_itself():
    """The likeness is 1 at the click and less elsewhere; negative clicks, boxes and padding have none."""
    likeness = Likeness(64)
    likeness.mix = _Told()
    drawn = torch.zeros(1, 1, 16, 16)
    column, row = 11, 5
    at = torch.tensor([[[column * 4 + 2.0, row * 4 + 2.0]]])  # the centre of a cell of stride 4
    found = likeness(_features(), at, torch.ones(1, 1, dtype=torch.int32), drawn)[0, 0]
    assert torch.isclose(found[row, column], torch.tensor(1.0), atol=1e-5)
    assert found.argmax() == row * 16 + column
    for label in (0, 2, -1):
        assert not likeness(_features(), at, torch.full((1, 1), label, dtype=torch.int32), drawn).any()
