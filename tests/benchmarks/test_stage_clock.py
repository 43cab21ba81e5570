"""What the benchmark by stage counts."""

import copy
import importlib
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.model.ready import become
from engine.model.ready.half import FusedGelu, fuses


@pytest.fixture
def stage_clock(monkeypatch, repository):
    """Give the module, which finds the others beside it."""
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    return importlib.import_module("stage_clock")


def test_operations_count_for_their_stage_and_precision(stage_clock):
    """A product of matrices counts two operations a multiplication, in the stage and the precision that it ran in."""
    clock = stage_clock.StageClock("cpu")
    work = clock.timed("matte", lambda a: a @ a)
    with clock.counting():
        work(torch.ones(8, 8))
        work(torch.ones(4, 4, dtype=torch.bfloat16))
    assert clock.flops == {"matte": {torch.float32: 2 * 8**3, torch.bfloat16: 2 * 4**3}}


@pytest.mark.skipif(not fuses(), reason="this PyTorch has no fused products for this processor")
@torch.inference_mode()
def test_fused_products_count_as_plain_ones(stage_clock):
    """A linear layer counts the same operations whether its bias and GELU are within the product or behind it."""
    clock = stage_clock.StageClock("cpu")
    layer = torch.nn.Linear(8, 16).bfloat16()
    plain, fused = clock.timed("mask", layer), clock.timed("trimap", become(copy.deepcopy(layer), FusedGelu))
    tokens = torch.ones(1, 3, 5, 8).bfloat16()
    with clock.counting():
        plain(tokens)
        fused(tokens)
    assert clock.flops["trimap"] == clock.flops["mask"] == {torch.bfloat16: 2 * 15 * 8 * 16}


def test_bytes_moved_are_those_of_arrays_and_files(stage_clock, tmp_path):
    """What a stage reads and writes counts by its bytes, and of mattes the alphas do."""
    file = tmp_path / "matte"
    file.write_bytes(b"12345")
    clock = stage_clock.StageClock("cpu")
    owner = SimpleNamespace(write=lambda _: file)
    clock.moving("write", owner, "write", stage_clock.weight)
    owner.write({"object": SimpleNamespace(alpha_hw=np.zeros((3, 2), np.float32))})
    assert clock.moved == {"write": 5 + 24}


def test_a_function_that_is_gone_is_refused(stage_clock):
    """A stage whose function has another name now stops the benchmark instead of counting nothing."""
    with pytest.raises(AttributeError, match="gone"):
        stage_clock.StageClock("cpu").wrap("fit", SimpleNamespace(), "gone")


def test_stages_add_up_to_the_time_that_passed(stage_clock):
    """Time of a stage within another counts once, for the inner one; what no stage took counts for the rest."""
    clock = stage_clock.StageClock("cpu")
    inner = clock.timed("encode", lambda: sum(range(20_000)))
    outer = clock.timed("features", inner)
    clock.restart()
    began = clock._clock
    outer()
    clock.stop()
    assert clock.wall.keys() == {"encode", "features", "rest"}
    assert sum(clock.wall.values()) == pytest.approx(clock._clock - began)
