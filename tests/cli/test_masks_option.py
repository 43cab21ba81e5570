"""`mam2 matte --masks`: a mask sequence of any origin becomes mattes without tracking, whole or in chunks."""

import json

import numpy as np
import pytest

from engine.cli.matte.options import Given, read_held_option
from engine.contract.held import HeldMask
from engine.media.matte_files import read_matte, read_signature, write_exr

SIZE = (64, 48)
FRAMES = range(1001, 1005)


@pytest.fixture
def roto(tmp_path):
    """Discs that move, in the layer `disc` of numbered files whose alpha is something else; their pattern."""
    (tmp_path / "roto").mkdir()
    for frame in FRAMES:
        write_roto(tmp_path / "roto", frame)
    return tmp_path / "roto" / "roto.####.exr"


def write_roto(folder, frame, radius=12):
    """Write one frame's mask."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    disc = ((x - 30 - 2 * (frame - 1001)) ** 2 + (y - 24) ** 2 < radius**2).astype(np.float32)
    write_exr(folder / f"roto.{frame}.exr", {"disc.A": disc, "A": np.tile(np.float32([0, 1]), (SIZE[1], 32))}, "")


def mattes(folder):
    """Give the signature and every channel of every matte to the bit."""
    return {
        path.name: (read_signature(path), {name: channel.tobytes() for name, channel in read_matte(path).items()})
        for path in folder.glob("shot_matte.*")
    }


def test_masks_are_typed_like_other_masks():
    """`--masks` takes a pattern, a layer and frames."""
    typed = Given("masks", "m/roto.####.exr:body@1001-1050")
    assert read_held_option(typed) == HeldMask("mask", "m/roto.####.exr", 1001, 1050, "body")


def test_masks_give_the_same_whole_in_chunks_by_stages_and_from_a_shot_file(matte, roto, tmp_path):
    """Whole, in chunks on any machine, by stages, or from a shot file: the same mattes to the bit."""
    layers = ("--layers", "alpha,trimap,mask")
    options = ("--object", "disc", "--masks", f"{roto}:disc", *layers)
    said = matte(*options, out=tmp_path / "whole")
    assert said.code == 0, said.err
    whole = mattes(tmp_path / "whole")
    assert len(whole) == len(FRAMES)
    first = read_matte(tmp_path / "whole" / "shot_matte.1001.exr")
    assert first["disc.alpha"].any()
    assert (first["disc.mask"] > 0.5).sum() == (read_matte(roto.with_name("roto.1001.exr"))["disc.A"] > 0.5).sum()
    for chunk in ("1003+2", "1001-1002"):
        assert matte(*options, "--frames", chunk, out=tmp_path / "chunks").code == 0
    for stage in ("trimap", "alpha", "check"):
        said = matte(*options, "--stage", stage, out=tmp_path / "stages")
        assert said.code == 0, said.err
    file = roto.parent / "shot.json"
    held = [{"kind": "mask", "path": roto.name, "layer": "disc"}]
    file.write_text(json.dumps({"objects": [{"name": "disc", "prompts": [], "held": held}]}))
    assert matte("--prompts", file, *layers, out=tmp_path / "file").code == 0
    for folder in ("chunks", "stages", "file"):
        assert mattes(tmp_path / folder) == whole, folder


def test_a_mask_that_changes_makes_its_frame_anew(matte, roto):
    """With `--resume` another mask, or another plate, makes its own frame anew and no other."""
    options = ("--masks", f"{roto}:disc")
    assert matte(*options).code == 0
    write_roto(roto.parent, 1002, radius=9)
    said = matte(*options, "--resume")
    assert said.code == 0, said.err
    assert said.out.startswith("1 frame matted")
    assert "may be lost" not in said.out


def test_an_object_has_masks_or_prompts(matte, roto):
    """Prompts of an object that has masks are refused, since there is nothing to track."""
    said = matte("--masks", f"{roto}:disc", "--point", "3,4")
    assert said.code == 2
    assert "in the place of tracking" in said.error


def test_a_missing_mask_is_told_before_the_work(matte, roto):
    """A frame without its file is named before anything is computed; said frames alone need files."""
    roto.with_name("roto.1003.exr").unlink()
    said = matte("--masks", f"{roto}:disc")
    assert said.code == 2
    assert "frame 1003" in said.error
    assert matte("--masks", f"{roto}:disc@1001-1002").code == 0
