"""Shots to matte on one device and another, and how near their mattes have to be."""

from contextlib import contextmanager

import numpy as np

from engine.contract.shot import Box, MaskPrompt, Point, ShotObject
from engine.session.matting import MatterLimits
from engine.session.session import ShotSession
from engine.weights.models import load_model

DISC, OTHER = Point(1, 31, 36), Point(1, 70, 30)
SHOTS = {
    "a point": [ShotObject("disc", (DISC,))],
    "a box and a correction": [ShotObject("disc", (Box(1, 15, 20, 48, 52), Point(2, 70, 30, positive=False)))],
    "a mask": [ShotObject("disc", (MaskPrompt(1, "disc.png"),))],
    "three objects": [
        ShotObject("disc", (DISC,)),
        ShotObject("small", (OTHER,)),
        ShotObject("both", (DISC, OTHER)),
    ],
}


def disc_mask(_path, size_wh):
    """A mask of the first disc on frame 1."""
    y, x = np.mgrid[: size_wh[1], : size_wh[0]] + 0.5
    return (x - 31) ** 2 + (y - 36) ** 2 < 15**2


@contextmanager
def session_on(device, shot, plates, limits=MatterLimits()):  # noqa: B008 - frozen
    """A session of the shipped model on a device."""
    with ShotSession(load_model("starter", device=device), shot, plates, matter=limits, read_mask=disc_mask) as session:
        yield session


def alphas(mattes):
    """Every object's alpha of every frame."""
    return {(one.frame, name): layer.alpha_hw for one in mattes for name, layer in one.objects.items()}


def near(found, want, most=2e-3):
    """Tell that alphas are the same up to rounding, or up to `most`."""
    assert found.keys() == want.keys()
    for key, alpha in found.items():
        np.testing.assert_allclose(alpha, want[key], rtol=0, atol=most, err_msg=str(key))
