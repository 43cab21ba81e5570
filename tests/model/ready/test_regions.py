"""Rectangles that hold what is wanted of a plate."""

import torch

from engine.model.ready.around_unknown import cells_with, tiles_over
from engine.model.tensors import Crop


def test_tiles_hold_what_is_wanted():
    """Every wanted pixel lies in one tile, none over another, all of one size; what is far from all in none."""
    wanted = torch.zeros(600, 2401, dtype=torch.bool)
    wanted[70:530, 30:] = True
    wanted[140:470, 200:2100] = False
    times = torch.zeros(800, 2800)
    for tile in tiles_over(wanted, 128, 256):
        assert (tile.bottom - tile.top, tile.right - tile.left) == (128, 256)
        times[tile.window] += 1
    assert (times[:600, :2401][wanted] == 1).all()
    assert times.max() == 1
    assert not times[200:320, 600:2000].any()
    assert not times[:68].any()


def test_nothing_wanted_needs_no_tile():
    """A plate without a wanted pixel has no tiles."""
    assert tiles_over(torch.zeros(40, 60, dtype=torch.bool), 8, 8) == []


def test_a_rectangle_is_moved_into_another_before_it_is_cut():
    """What reaches beyond an edge keeps its size where there is room, and loses what there is none for."""
    plate = Crop(0, 0, 100, 50)
    assert Crop(-8, 30, 32, 60).shifted_into(plate) == Crop(0, 20, 40, 50)
    assert Crop(70, -5, 110, 75).shifted_into(plate) == Crop(60, 0, 100, 50)
    assert Crop(10, 10, 20, 20).shifted_into(plate) == Crop(10, 10, 20, 20)


def test_cells_hold_what_is_wanted_and_no_more():
    """A cell is wanted when any of its pixels is, at the right and bottom edges too, where cells are cut."""
    wanted = torch.zeros(70, 100, dtype=torch.bool)
    wanted[31, 32] = wanted[69, 99] = True
    assert cells_with(wanted, 32).nonzero().tolist() == [[0, 1], [2, 3]]
