"""Small plates, a small model with numbers from a seed, and `mam2` to call with them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from engine.cli import run
from engine.media.matte_files import write_exr

SIZE = (64, 48)


@dataclass(frozen=True)
class Said:
    """What a call of `mam2` gave back."""

    code: int
    out: str
    err: str

    @property
    def error(self):
        """The sentence after `error:`; there must be exactly one, and one hint."""
        lines = self.err.splitlines()
        errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        hints = [line for line in lines if line.startswith("hint: ")]
        assert len(errors) == 1, self.err
        assert len(hints) == 1, self.err
        assert len(hints[0]) > len("hint: ")
        assert "Traceback" not in self.err
        return errors[0]


@pytest.fixture
def mam2(capfd):
    """Call the program in this process."""

    def call(*arguments):
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        return Said(code, *capfd.readouterr())

    return call


def _write_plate(path: Path, size=SIZE, value=0.2):
    """Write a scene-linear plate: a bright disc on a dark ramp."""
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    disc = ((x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2).astype(np.float32)
    write_exr(path, {"R": value + disc, "G": x / width, "B": y / height}, "")


@pytest.fixture
def write_plate():
    """Write one plate: path, then perhaps `size` and `value`."""
    return _write_plate


@pytest.fixture
def plates(tmp_path):
    """Frames 1001-1004 of a shot; the pattern of their names."""
    folder = tmp_path / "plates"
    folder.mkdir()
    for frame in range(1001, 1005):
        _write_plate(folder / f"shot.{frame}.exr", value=0.01 * (frame - 1000))
    return folder / "shot.####.exr"


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A weights file of a very small model whose numbers come from a seed."""
    from small_model import SMALL, lively

    from engine.weights.models import save_model

    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    # A file must name a known model; its settings are its own.
    save_model(lively(replace(SMALL, name="starter")), path, metadata={})
    return path


@pytest.fixture
def matte(mam2, plates, weights, tmp_path):
    """Call `mam2 matte` on the plates, with the small model, into `tmp_path/out`."""

    def call(*options, plates=plates, out=tmp_path / "out"):
        return mam2("matte", plates, "-o", out, "--model", weights, "--device", "cpu", *options)

    return call
