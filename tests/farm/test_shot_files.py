"""Which files are shots, and which plates are theirs."""

import json

import numpy as np
import pytest

from engine.contract.errors import ShotError
from engine.farm.shot_files import find_shots, plates_of
from engine.media.matte_files import write_exr

PROMPTS = {"objects": []}


def _shot(path, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**PROMPTS, **more}))
    return path


def _plate(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_exr(path, dict.fromkeys("RGB", np.zeros((2, 2), np.float32)), "")


def test_shots_are_found_at_any_depth(tmp_path):
    """JSON with objects is a shot, and so is JSON that cannot be read, so that somebody hears of it."""
    deep, flat, broken = _shot(tmp_path / "a/b/deep.json"), _shot(tmp_path / "flat.json"), tmp_path / "broken.json"
    broken.write_text("{")
    (tmp_path / "package.json").write_text('{"name": "x"}')
    (tmp_path / "list.json").write_text("[1]")
    assert find_shots(tmp_path) == [deep, broken, flat]


def test_a_job_bundle_is_not_a_second_shot(tmp_path):
    """The copy of a shot inside a job bundle is the job's, not another shot."""
    shot = _shot(tmp_path / "sh010.json")
    copy = _shot(tmp_path / "sh010_job/shot.json")
    (copy.parent / "template.yaml").write_text("")
    assert find_shots(tmp_path) == [shot]


def test_a_file_names_its_plates(tmp_path):
    """`plates` counts from the file, and wins over what lies beside it."""
    shot = _shot(tmp_path / "s/sh010.json", plates="../renders/p.####.exr")
    (tmp_path / "s/sh010").mkdir()
    assert plates_of(shot) == tmp_path / "s/../renders/p.####.exr"


@pytest.mark.parametrize(
    ("beside", "plates"),
    [
        ("sh010/any.0001.exr", "sh010"),
        ("sh010.0001.exr", "sh010.####.exr"),
        ("sh010.mov", "sh010.mov"),
        ("plates/any.0001.exr", "plates"),
    ],
)
def test_plates_are_what_bears_the_name(tmp_path, beside, plates):
    """A folder, a sequence or a movie of the file's name, or else the folder `plates`."""
    _plate(tmp_path / beside) if beside.endswith(".exr") else (tmp_path / beside).write_bytes(b"movie")
    _plate(tmp_path / "sh020.0001.exr")
    assert plates_of(_shot(tmp_path / "sh010.json")) == tmp_path / plates


def test_what_is_not_clear_is_asked(tmp_path):
    """Two candidates, or none, are an error that says how to name the plates."""
    shot = _shot(tmp_path / "sh010.json")
    with pytest.raises(ShotError, match="There are no plates for"):
        plates_of(shot)
    for name in ("sh010.mov", "sh010.mp4"):
        (tmp_path / name).write_bytes(b"movie")
    with pytest.raises(ShotError, match=r"not clear: sh010\.mov, sh010\.mp4"):
        plates_of(shot)
