"""What each process of `test_crew` runs: two steps of each stage on its share of every batch, weights to files."""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from engine.model.mam2 import MAM2
from engine.training import checkpoint, crew
from engine.training.pool import PooledClips
from engine.training.stages import STAGES
from engine.training.trainer import Progress, train_stage


def train(pool: Path, stage_name: str, together: crew.Crew) -> None:
    """Train from the same beginning and save `<stage>-rank<N>of<M>.pt` beside the pool."""
    torch.manual_seed(0)
    model = MAM2(checkpoint.starter_config(64))
    stage = replace(STAGES[stage_name], size=64, frames=2, batch=4)
    progress = train_stage(
        model,
        stage,
        Progress(),
        data=PooledClips(pool, stage.size, stage.frames, stage.first_seed, stage.objects),
        folder=pool.parent,
        mode="pdd+mss",
        steps=2,
        stop_after=1e6 if together.leads else 0.0,  # the leading process decides when to stop
        report=lambda *_: None,
        workers=0,
        crew=together,
    )
    found = {"weights": model.state_dict(), "terms": progress.unlogged}
    torch.save(found, pool.with_name(f"{stage_name}-rank{together.rank}of{together.size}.pt"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    everyone = crew.join(torch.device("cpu"))
    for name in sys.argv[2:]:
        train(Path(sys.argv[1]), name, everyone)
