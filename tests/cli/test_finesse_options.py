"""Finesse from the command line and from shot files to the mattes, whole and by stages."""

import json

import numpy as np
import pytest

from engine.cli.matte.options import read_finesse
from engine.contract.errors import ShotError
from engine.media.matte_files import read_matte, read_signature
from engine.session.finesse import grown, softened

CLICK = ("--point", "32,24@1002")


def alphas(folder):
    """Give alpha of every matte in a folder, by frame."""
    return {int(path.name.split(".")[1]): read_matte(path)["A"] for path in sorted(folder.glob("*.exr"))}


def test_options_and_a_shot_file_say_the_same(matte, tmp_path):
    """Sizes typed and sizes in a shot file make the same mattes, which are the plain ones refined."""
    shot = {
        "version": 1,
        "range": [1001, 1004],
        "size": [64, 48],
        "objects": [{"name": "object", "prompts": [{"kind": "point", "frame": 1002, "x": 32, "y": 24}]}],
        "settings": {"finesse": {"grow": -1, "soften": 3, "temporal": True}},
    }
    (tmp_path / "shot.json").write_text(json.dumps(shot))
    assert matte(*CLICK, out=tmp_path / "plain").code == 0
    assert matte(*CLICK, "--shrink", "1", "--soften", "3", out=tmp_path / "a").code == 0
    assert matte("--prompts", tmp_path / "shot.json", "--no-temporal", out=tmp_path / "b").code == 0
    plain, typed, of_file = (alphas(tmp_path / name) for name in ("plain", "a", "b"))
    for frame, alpha in plain.items():
        assert np.array_equal(typed[frame], of_file[frame])
        assert np.allclose(typed[frame], softened(grown(alpha, -1), 3), atol=2e-3)
        name = f"shot_matte.{frame}.exr"
        assert read_signature(tmp_path / "a" / name) == read_signature(tmp_path / "b" / name)
    assert not np.array_equal(plain[1003], typed[1003])


def test_stages_and_chunks_make_the_same(matte, tmp_path):
    """Smoothed over time and softened, two chunks are those of one run, and no finesse needs a new track."""
    options = (*CLICK, "--temporal", "--soften", "2", "--fill-holes", "9", "--remove-specks", "4")
    assert matte(*options, out=tmp_path / "whole").code == 0
    assert matte(*CLICK, "--stage", "trimap", out=tmp_path / "farm").code == 0
    for chunk in ("1001-1002", "1003-1004"):
        said = matte(*options, "--stage", "alpha", "--frames", chunk, out=tmp_path / "farm")
        assert said.code == 0, said.err
    assert matte(*options, "--stage", "check", out=tmp_path / "farm").code == 0
    whole, farm = alphas(tmp_path / "whole"), alphas(tmp_path / "farm")
    assert whole.keys() == farm.keys()
    assert all(np.array_equal(whole[frame], farm[frame]) for frame in whole)


def test_a_plate_rendered_again_counts_for_the_frame_before(matte, write_plate, plates):
    """Smoothed over time, a frame's matte is out of date when the plate behind it has changed."""
    assert matte(*CLICK, "--temporal").code == 0
    write_plate(plates.parent / "shot.1004.exr", value=0.5)
    assert "2 frames matted" in matte(*CLICK, "--temporal", "--resume").out


def test_both_ways_at_once_are_refused():
    """Shrinking and growing, or either by less than nothing, is a slip."""
    assert read_finesse(None, 2.0, soften=None, gamma=1.0) == {"grow": 2.0, "gamma": 1.0}
    assert read_finesse(2.0, None) == {"grow": -2.0}
    for shrink, grow, words in ((1.0, 1.0, "undo each other"), (-2.0, None, "--shrink cannot be -2")):
        with pytest.raises(ShotError, match=words):
            read_finesse(shrink, grow)
