"""A small model and small plates for every test of a session."""

import numpy as np
import pytest
from small_model import SMALL, lively

from engine.contract.shot import Settings, Shot


class NoisyPlates:
    """Two discs that drift over noise, made anew from the frame's number each time; counts how often it is asked."""

    size = (96, 72)

    def __init__(self):
        self.reads = []

    def display(self, frame):
        """Give a plate."""
        self.reads.append(frame)
        y, x = np.mgrid[: self.size[1], : self.size[0]] + 0.5
        discs = ((x - 30 - frame % 7) ** 2 + (y - 36) ** 2 < 15**2) | ((x - 70) ** 2 + (y - 30) ** 2 < 12**2)
        noise = np.random.default_rng(frame).random((*discs.shape, 3), np.float32)
        return noise * np.float32(0.3) + np.float32(0.6) * discs[..., None].astype(np.float32)


class CountingEncoder:
    """Stands before a model's encoder and counts the plates that go through."""

    def __init__(self, model, monkeypatch):
        self.plates = 0
        self._encode = model.encode
        monkeypatch.setattr(model, "encode", self.encode)

    def encode(self, plates):
        """Encode and count."""
        self.plates += len(plates)
        return self._encode(plates)


@pytest.fixture(scope="session")
def model():
    """Give the small model."""
    return lively(SMALL)


@pytest.fixture
def plates():
    """Give the small plates."""
    return NoisyPlates()


@pytest.fixture
def encoder(model, monkeypatch):
    """Count the model's encoder passes."""
    return CountingEncoder(model, monkeypatch)


@pytest.fixture
def shot_of():
    """Give a shot on the plates: a range, objects, settings."""

    def build(first, last, *objects, **settings):
        return Shot(first, last, *NoisyPlates.size, objects, Settings(**settings))

    return build
