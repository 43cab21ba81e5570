"""Promises of training in several processes."""

import subprocess
import sys

import pytest
import torch

from engine.model.mam2 import MAM2
from engine.training import checkpoint, datasets
from engine.training.crew import Crew

STAGE = "trimaps"


@pytest.fixture(scope="module")
def trained(tmp_path_factory, repository):
    """Give the weights after two steps of the same run: by one process, and by each of two."""
    pool = tmp_path_factory.mktemp("crew") / "pool.npy"
    datasets.build_pool(pool, clips=2, frames=2, size=64, first_seed=0, workers=0, report=lambda _: None)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    for processes in (1, 2):
        done = subprocess.run(
            [*launcher, str(processes), "-m", "tests.training.crew_program", str(pool), STAGE],
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    names = ("rank0of1", "rank0of2", "rank1of2")
    return [torch.load(pool.with_name(f"{STAGE}-{name}.pt"), weights_only=True) for name in names]


def test_processes_that_train_together_hold_the_same_weights(trained):
    """Two processes on shares of one batch end with equal weights, and the leading one says when to stop."""
    _, one, other = trained
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_two_processes_do_the_work_of_one(trained):
    """The same batches shared by two processes take the same steps as in one, but for rounding."""
    alone, shared, _ = trained
    start = dict(MAM2(checkpoint.starter_config(64)).named_parameters())
    apart = [(alone[name] - value).abs().max() for name, value in shared.items()]
    moved = [(alone[name] - start[name]).abs().max() for name in alone]
    assert max(moved) > 1e-5
    assert max(apart) < 0.02 * max(moved)


def test_a_crew_of_one_changes_no_gradient():
    """Alone, nothing is averaged and nobody is asked."""
    gradient = torch.tensor([1.0, 2.0])
    alone = Crew()
    alone.average([gradient])
    assert gradient.tolist() == [1.0, 2.0]
    assert alone.leads
    assert not alone.agree(wanted=False)
