"""Foreground, premultiplied colours and IDs in the mattes that a worker makes."""

from dataclasses import replace

import numpy as np
import pytest
from worker_bench import FRAMES

from engine.cli import run
from engine.media.matte_files import read_matte
from engine.model.mam2 import MAM2

TWO = FRAMES[:2]
LAYERS = ("fg", "despill", "bg", "cryptomatte", "premult")


def _files(one):
    one.worker.settle()
    stored = one.store.shot("sh")
    return {frame: read_matte(stored.matte(frame)) for frame in stored.mattes()}


def test_layers_are_those_of_the_command_line(bench, tmp_path):
    """What a shot's declaration asks for is in its mattes' files, to the bit what `mam2 matte` writes."""
    one = bench()
    one.declare(frames=TWO, layers=LAYERS)
    one.begin()
    one.finish()
    assert one.right() == list(TWO)
    options = ["--layers", "alpha,trimap,mask,fg,despill,bg,cryptomatte", "--premult", "--name", "direct"]
    options += ["--object", "cup", "--point", "20,24@1001", "--direction", "forward", "--device", "cpu"]
    plates = [str(one.folder / "plate.####.exr"), "-o", str(tmp_path / "direct"), "--range", f"{TWO[0]}-{TWO[-1]}"]
    assert run(["matte", *plates, *options]) == 0
    for frame, ours in _files(one).items():
        direct = read_matte(tmp_path / "direct" / f"direct.{frame}.exr")
        assert ours.keys() == direct.keys()
        assert {"cup.R", "cup_bg.G", "CryptoObject02.A"} <= ours.keys()
        for name, channel in ours.items():
            assert np.array_equal(channel.view(np.uint32), direct[name].view(np.uint32)), name


def test_other_layers_are_made_without_tracking(bench, monkeypatch):
    """Asked for more layers, a tracked shot's mattes are out of date; they are made anew and no plate is encoded."""
    one = bench()
    one.declare(frames=TWO)
    one.begin()
    one.finish()
    before = _files(one)
    stored = one.store.shot("sh")
    one.store.declare("sh", replace(stored.declaration(), layers=("fg",)))
    assert one.right() == []
    one.poke(None)
    monkeypatch.setattr(MAM2, "encode", lambda *_: pytest.fail("a plate was encoded"))
    one.begin("again")
    one.finish()
    assert one.last("again")["is"] == "done"
    assert one.right() == list(TWO)
    for frame, channels in _files(one).items():
        assert {"cup.R", "cup.G", "cup.B"} <= channels.keys()
        assert np.array_equal(channels["cup.alpha"], before[frame]["cup.alpha"])
