"""Promises of training in several processes."""

import subprocess
import sys

import pytest
import torch
from timm.layers import BatchNormAct2d
from torch import nn

from engine.model.mam2 import MAM2
from engine.training import checkpoint
from engine.training.crew import Crew, SharedBatchNorm2d
from engine.training.pool import build_pool

STAGES = ("trimaps", "matter-fine")


@pytest.fixture(scope="module")
def trained_pool(tmp_path_factory, repository):
    """Train every stage for two steps, in one process and in two; give the pool that what they found lies beside."""
    pool = tmp_path_factory.mktemp("crew") / "pool.npy"
    build_pool(pool, clips=2, frames=2, size=64, first_seed=0, workers=0, report=lambda _: None)
    program = ["-m", "tests.training.crew_program", str(pool), *STAGES]
    for launcher in ([], ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]):
        done = subprocess.run(
            [sys.executable, *launcher, *program], cwd=repository, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return pool


@pytest.fixture(scope="module", params=STAGES)
def trained(request, trained_pool):
    """Give weights and losses after two steps of the same run: by one process, and by each of two."""
    names = ("rank0of1", "rank0of2", "rank1of2")
    return [torch.load(trained_pool.with_name(f"{request.param}-{name}.pt"), weights_only=True) for name in names]


@pytest.mark.slow
def test_processes_that_train_together_hold_the_same_weights(trained):
    """Two processes on shares of one batch end with equal weights, and the leading one says when to stop."""
    one, other = (found["weights"] for found in trained[1:])
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.slow
@pytest.mark.parametrize("trained", ["trimaps"], indirect=True)
def test_two_processes_do_the_work_of_one(trained):
    """The same batches shared by two processes take the same steps as in one, but for rounding."""
    alone, shared, _ = (found["weights"] for found in trained)
    start = dict(MAM2(checkpoint.starter_config(64)).named_parameters())
    apart = [(alone[name] - shared[name]).abs().max() for name in start]
    moved = [(alone[name] - value).abs().max() for name, value in start.items()]
    assert max(moved) > 1e-5
    assert max(apart) < 0.02 * max(moved)


@pytest.mark.slow
def test_two_processes_lose_as_much_as_one(trained):
    """In every step, a batch shared by two processes has one process's losses and gradient, but for rounding."""
    alone, *shares = (found["terms"] for found in trained)
    assert "norm" in alone
    assert max(alone["norm"]) > 0
    for name, steps in alone.items():
        together = [sum(losses) / 2 for losses in zip(*(share[name] for share in shares), strict=True)]
        assert together == pytest.approx(steps, rel=3e-3), name  # the matter's convolutions round to bfloat16


def test_a_crew_of_one_changes_no_gradient():
    """Alone, nothing is averaged and nobody is asked."""
    gradient = torch.tensor([1.0, 2.0])
    alone = Crew()
    alone.average([gradient])
    assert gradient.tolist() == [1.0, 2.0]
    assert alone.mean(gradient) is gradient
    assert alone.leads
    assert not alone.agree(wanted=False)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d(3), BatchNormAct2d(3)], ids=["plain", "with an activation"])
def test_a_norm_that_is_shared_keeps_its_tensors(norm):
    """A norm that a crew shares has the same parameters under the same names, and without training the same values."""
    norm.running_mean.fill_(0.5)
    shared = SharedBatchNorm2d(norm, Crew(0, 2)).eval()
    assert shared.state_dict().keys() == norm.state_dict().keys()
    assert shared.weight is norm.weight
    image = torch.randn(2, 3, 4, 4)
    assert torch.equal(shared(image), norm.eval()(image))
