"""What each process of `test_crew` runs: two steps on its share of every batch, then its weights to a file."""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from engine.model.mam2 import MAM2
from engine.training import checkpoint, crew
from engine.training.stages import STAGES
from engine.training.trainer import Progress, train_stage


def main(pool: Path) -> None:
    """Train and save `rank<N>.pt` beside the pool."""
    together = crew.join(torch.device("cpu"))
    torch.manual_seed(0)
    model = MAM2(checkpoint.starter_config(64))
    train_stage(
        model,
        replace(STAGES["masks-128"], size=64, frames=1, batch=2),
        Progress(),
        pool=pool,
        folder=pool.parent,
        mode="pdd+mss",
        steps=2,
        stop_after=1e6 if together.leads else 0.0,  # the leading process decides when to stop
        report=lambda *_: None,
        workers=0,
        crew=together,
    )
    torch.save(dict(model.named_parameters()), pool.with_name(f"rank{together.rank}.pt"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
