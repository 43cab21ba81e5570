"""One layer of a matte file, for hosts that read no EXR."""

import numpy as np
import pytest

from engine.contract.errors import EngineError
from engine.media.matte_files import read_matte, write_exr
from engine.service.received import raw_layer

NAMES = ("R", "G", "B", "A", "cup.alpha", "cup.trimap", "smoke.alpha")


@pytest.fixture
def matte(tmp_path):
    """Give a matte file whose channels all differ."""
    random = np.random.default_rng(4)
    path = tmp_path / "matte.1001.exr"
    write_exr(path, {name: random.random((48, 64), np.float32) for name in NAMES}, "")
    return path


@pytest.mark.parametrize("layer", ["alpha", "cup.alpha", "cup.trimap", "smoke.alpha"])
def test_a_layer_is_its_channel_to_the_bit(matte, layer):
    """Each layer is the file's own channel of that name, `alpha` the file's A, in the asked order of rows."""
    expected = read_matte(matte)["A" if layer == "alpha" else layer].astype("<f2")
    assert raw_layer(matte, layer, "top-left") == (expected.tobytes(), (48, 64))
    assert raw_layer(matte, layer, "bottom-left") == (expected[::-1].tobytes(), (48, 64))


def test_what_is_no_layer_is_refused(matte):
    """A layer that is not there, and a file that is cut short, are refused in words."""
    with pytest.raises(EngineError, match=r"no layer 'glass.alpha'.*cup.alpha, cup.trimap, smoke.alpha"):
        raw_layer(matte, "glass.alpha", "top-left")
    matte.write_bytes(matte.read_bytes()[:-4000])
    with pytest.raises(EngineError, match="cut short or damaged"):
        raw_layer(matte, "alpha", "top-left")
