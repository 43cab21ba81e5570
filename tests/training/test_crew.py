"""Promises of training in several processes."""

import subprocess
import sys

import torch

from engine.training import datasets
from engine.training.crew import Crew


def test_processes_that_train_together_hold_the_same_weights(tmp_path, repository):
    """Two processes on shares of one batch end with equal weights, and the leading one says when to stop."""
    pool = tmp_path / "pool.npy"
    datasets.build_pool(pool, clips=2, frames=2, size=64, first_seed=0, workers=0, report=lambda _: None)
    starter = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*starter, "-m", "tests.training.crew_program", str(pool)],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    one, other = (torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_a_crew_of_one_changes_no_gradient():
    """Alone, nothing is averaged and nobody is asked."""
    gradient = torch.tensor([1.0, 2.0])
    alone = Crew()
    alone.average([gradient])
    assert gradient.tolist() == [1.0, 2.0]
    assert alone.leads
    assert not alone.agree(wanted=False)
