"""A small shot on disk, in a folder with a space and an accent, and jobs made of it."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.contract.shot import Point, Shot, ShotObject
from engine.farm.bundle import FarmJob
from engine.media.matte_files import write_exr

SIZE = (96, 64)
FIRST, LAST = 1001, 1020


def _plate(t):
    """A bright disc that moves right over a dark ramp, scene-linear."""
    width, height = SIZE
    y, x = np.mgrid[:height, :width].astype(np.float32)
    disc = ((x - 25 - 2 * t) ** 2 + (y - 32) ** 2 < 15**2).astype(np.float32)
    return {"R": 0.2 + disc, "G": x / width, "B": y / height}


@pytest.fixture
def shot_file(tmp_path):
    """A prompts file with its plates beside it."""
    folder = tmp_path / "shots é"
    (folder / "sh010").mkdir(parents=True)
    for frame in range(FIRST, LAST + 1):
        write_exr(folder / "sh010" / f"sh010.{frame}.exr", _plate(frame - FIRST), "")
    prompts = [{"kind": "point", "frame": FIRST, "x": 25, "y": 32}]
    path = folder / "sh010.json"
    path.write_text(json.dumps({"objects": [{"name": "disc", "prompts": prompts}]}))
    return path


@pytest.fixture(scope="session")
def farm_job():
    """Make a job whose files need not be there: give what is to differ."""

    def make(**given):
        point = ShotObject("disc", (Point(FIRST, 25, 32),))
        usual = {
            "name": "sh010",
            "shot": Shot(FIRST, LAST, *SIZE, (point,)),
            "plates": Path("/plates/sh010.####.exr"),
            "plate_files": tuple(Path(f"/plates/sh010.{frame}.exr") for frame in range(FIRST, LAST + 1)),
            "mattes": Path("/mattes"),
            "matte_name": "sh010_matte",
            "frames": (FIRST, LAST),
        }
        return FarmJob(**{**usual, **given})

    return make
