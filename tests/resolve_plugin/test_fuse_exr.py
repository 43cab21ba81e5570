"""The EXR files that the tool writes are read by others."""

import numpy as np
import pytest
from fusion_host import FusionHost

from engine.media.matte_files import read_matte

MATTES = {
    "one row": np.linspace(0, 1, 300, dtype=np.float32)[None],
    "one pixel": np.full((1, 1), 0.25, np.float32),
    "noise, which no run shortens": np.random.default_rng(1).random((37, 129), np.float32),
    "flat, in runs longer than one can be": np.ones((5, 1000), np.float32),
    "a soft disc": np.clip(20 - np.hypot(*(np.mgrid[:90, :160] - np.array([45, 80])[:, None, None])), 0, 1).astype(
        "f4"
    ),
    "beyond 0 and 1": np.float32([[-0.5, 1.5, 65504.0, 6e-8]]),
}


@pytest.mark.parametrize("name", MATTES)
def test_a_matte_is_the_same_in_the_file(name, tmp_path):
    """R, G, B and A of the file hold the matte, rounded to half as numpy rounds, the right way up."""
    matte = MATTES[name]
    host = FusionHost()
    write = host.lua.eval("""function(path, address, width, height)
        local ffi = require("ffi")
        return require("mam2.exr").write(path, ffi.cast("float *", address), width, height)
    end""")
    upside_down = np.ascontiguousarray(matte[::-1])
    path = tmp_path / "matte.0001.exr"
    assert write(str(path), upside_down.ctypes.data, *matte.shape[::-1])
    found = read_matte(path)
    assert sorted(found) == ["A", "B", "G", "R"]
    for channel in found.values():
        assert np.array_equal(channel, matte.astype(np.float16).astype(np.float32))
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_matte_is_small(tmp_path):
    """A matte that is mostly one value takes a small part of its bytes."""
    path = tmp_path / "matte.exr"
    matte = np.zeros((1080, 1920), np.float32)
    matte[300:700, 500:900] = 1
    write = FusionHost().lua.eval("""function(path, address)
        return require("mam2.exr").write(path, require("ffi").cast("float *", address), 1920, 1080)
    end""")
    assert write(str(path), matte.ctypes.data)
    assert path.stat().st_size < matte.size * 8 / 20


def test_a_folder_that_is_not_there_is_said(tmp_path):
    """Where nothing can be written, nothing is, and the caller is told."""
    write = FusionHost().lua.eval("""function(path)
        return require("mam2.exr").write(path, require("ffi").new("float[4]"), 2, 2)
    end""")
    assert not write(str(tmp_path / "none" / "matte.exr"))
