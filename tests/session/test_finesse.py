"""Matte finesse: what each part does to alpha, their order, and that masks have the last word."""

import numpy as np
import pytest
import torch

from engine.contract.errors import ShotError
from engine.contract.finesse import Finesse, finesse_from_json, finesse_to_json
from engine.contract.held import HeldMask
from engine.contract.shot import Point, ShotObject
from engine.session.finesse import finessed, grown, softened, without_holes, without_specks
from engine.session.session import ShotSession

LEFT = ShotObject("left", (Point(1, 32, 36),))

pytestmark = pytest.mark.usefixtures("one_thread")


def square(side=41, around=10):
    """Give alpha 1 in the middle of nothing."""
    alpha = np.zeros((side, side), np.float32)
    alpha[around:-around, around:-around] = 1
    return alpha


@pytest.mark.parametrize("pixels", [1, 3])
def test_alpha_grows_and_shrinks_by_pixels(pixels):
    """A square grows by so many pixels on every side, and a negative size shrinks it as far."""
    assert np.array_equal(grown(square(), pixels), square(around=10 - pixels))
    assert np.array_equal(grown(square(), -pixels), square(around=10 + pixels))
    assert np.array_equal(grown(square(), 0), square())


def test_half_a_pixel_lies_between():
    """Half a pixel more is half of the next ring, outwards and inwards."""
    for sign in (1, -1):
        near, far = grown(square(), sign), grown(square(), 2 * sign)
        assert np.allclose(grown(square(), 1.5 * sign), (near + far) / 2)


def test_a_blur_keeps_the_whole_and_what_touches_the_border():
    """A blur softens the edge, keeps the sum, and does not darken alpha at the frame's border."""
    soft = softened(square(), 6)
    assert 0.3 < soft[10, 20] < 0.7
    assert soft.sum() == pytest.approx(square().sum(), rel=1e-4)
    assert (softened(np.ones((9, 9), np.float32), 5) == 1).all()


def test_gamma_above_one_makes_the_edge_fuller():
    """Alpha becomes alpha ** (1 / gamma), as in Nuke and Fusion: 0 and 1 stay."""
    alpha = torch.tensor([[0.0, 0.25, 1.0]])[None, None]
    assert finessed(alpha, Finesse(gamma=2)).flatten().tolist() == [0, 0.5, 1]


def test_small_holes_and_specks_go_by_area():
    """Pieces below an area go, larger ones and what lies at the border stay, and nothing else changes by a bit."""
    alpha = np.zeros((30, 40), np.float32)
    alpha[5:25, 5:25] = 0.7
    alpha[6:24, 6:24] = 1
    alpha[10:13, 10:13] = 0.2
    alpha[2, 35] = 0.9
    filled, cleaned = without_holes(alpha, 10), without_specks(alpha, 10)
    assert (filled[10:13, 10:13] == 1).all()
    assert np.array_equal(np.delete(filled, slice(10, 13), 0), np.delete(alpha, slice(10, 13), 0))
    assert cleaned[2, 35] == 0
    assert np.array_equal(cleaned[:, :30], alpha[:, :30])
    assert np.array_equal(without_holes(alpha, 9), alpha)
    assert np.array_equal(without_specks(alpha, 1), alpha)


def test_the_order_is_that_of_keyers():
    """Specks go before they could grow, holes are filled before they could shrink away, and gamma comes last."""
    alpha = square()
    alpha[2, 2], alpha[20, 20] = 1, 0
    done = finessed(torch.from_numpy(alpha)[None, None], Finesse(False, 2, 2, 2, 3, 2))[0, 0].numpy()
    assert np.array_equal(done, np.power(softened(grown(square(), 2), 3), np.float32(0.5)))


def test_finesse_at_rest_changes_nothing():
    """Alpha that nothing is to be done to is the very same."""
    alpha = torch.rand(1, 1, 4, 4)
    assert finessed(alpha, Finesse()) is alpha


def test_masks_have_the_last_word(model, plates, shot_of):
    """Core is 1 and garbage 0 however alpha was refined, and finesse changes what lies beside."""
    core = np.zeros((72, 96), np.float32)
    core[20:50, 20:60] = 1
    for kind, inside in (("core", 1.0), ("garbage", 0.0)):
        thing = ShotObject("left", LEFT.prompts, (HeldMask(kind, "mask"),))
        shot = shot_of(1, 1, thing, finesse=Finesse(soften=9, grow=2))
        with ShotSession(model, shot, plates, read_held=lambda *_: core) as session:
            (found,) = session.track()
        assert (found.objects["left"].alpha_hw[core == 1] == inside).all()


def test_other_finesse_tracks_nothing_anew(model, plates, shot_of, encoder):
    """Other finesse remakes every frame's matte as if it had been there from the start, and tracks none again."""
    soft = Finesse(soften=4)
    with ShotSession(model, shot_of(1, 3, LEFT, finesse=soft), plates) as session:
        expected = {one.frame: one.objects["left"].alpha_hw for one in session.track()}
    with ShotSession(model, shot_of(1, 3, LEFT), plates) as session:
        before = {one.frame: one.objects["left"].alpha_hw for one in session.track()}
        encoded = encoder.plates
        assert session.edit((LEFT,), soft) == (1, 2, 3)
        again = {one.frame: one.objects["left"].alpha_hw for one in session.track()}
        assert encoder.plates == encoded
    assert all(np.array_equal(again[frame], expected[frame]) for frame in expected)
    assert not np.array_equal(again[2], before[2])


def test_finesse_as_json():
    """JSON holds what is not at rest, a whole number where a size is meant is that size, and it reads back the same."""
    finesse = Finesse(temporal=True, grow=-2, fill_holes=40)
    assert finesse_to_json(finesse) == {"temporal": True, "grow": -2.0, "fill_holes": 40}
    assert finesse_from_json({"temporal": True, "grow": -2, "fill_holes": 40}) == finesse
    assert finesse_to_json(Finesse()) == {}


@pytest.mark.parametrize(
    "data",
    [{"shrink": 2}, {"gamma": 0}, {"soften": -1}, {"grow": "2"}, {"temporal": 1}, {"fill_holes": 1.5}, [], 3],
)
def test_finesse_that_there_is_not(data):
    """An unknown name and a value out of reach are refused by name."""
    with pytest.raises(ShotError) as caught:
        finesse_from_json(data)
    assert caught.value.code == "shot.finesse"
    named = next(iter(data)) if isinstance(data, dict) else "finesse"
    assert f"'{named}'" in caught.value.message
