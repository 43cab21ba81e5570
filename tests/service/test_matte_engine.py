"""`mam2 matte --engine`: another process computes, the mattes are the same."""

import cv2
import numpy as np
import pytest
from running_engine import write_plate

from engine.cli import run
from engine.media.matte_files import read_matte


def test_both_ways_of_matting_give_the_same_files(tmp_path, client):
    """With and without the engine a shot's mattes are equal to the bit, and the engine keeps nothing of it."""
    for frame in (1001, 1002, 1003):
        write_plate(tmp_path, frame)
    options = ["--object", "cup", "--point", "20,24@1002", "--layers", "alpha,trimap,mask"]
    for way in ([], ["--engine"]):
        out = str(tmp_path / ("engine" if way else "direct"))
        assert run(["matte", str(tmp_path / "plate.####.exr"), "-o", out, *options, *way]) == 0
    for frame in (1001, 1002, 1003):
        direct, engine = (read_matte(tmp_path / way / f"plate_matte.{frame}.exr") for way in ("direct", "engine"))
        assert direct.keys() == engine.keys()
        assert all(np.array_equal(direct[name], engine[name]) for name in direct)
    assert client.status()["shots"] == []


@pytest.mark.usefixtures("client")
def test_what_the_engine_finds_wrong_is_said_as_ever(tmp_path, capfd):
    """Damage that only the engine's worker meets is one sentence and a hint, with status 2, as without the engine."""
    whole = cv2.imencode(".png", np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8))[1].tobytes()
    (tmp_path / "plate.1001.png").write_bytes(whole[: len(whole) // 2])
    options = ["--point", "20,24@1001", "--engine"]
    assert run(["matte", str(tmp_path / "plate.1001.png"), "-o", str(tmp_path / "out"), *options]) == 2
    said = capfd.readouterr().err
    assert "is cut short or damaged" in said
    assert "hint: " in said
    assert not (tmp_path / "out").exists()
