"""The paper's ablation on the starter: how pass 2 reads the plate, four ways, at equal budgets and over several seeds.

Every run begins from one starter with its trimap branch forgotten, learns that branch anew with the others' steps,
clips and rate, and is judged on `novm-p` with that starter's matter. Runs that are done are kept: stop and go on.

    python benchmarks/ablation.py --out runs/ablation --steps 300 --seeds 2 --jobs 2
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import torch

from engine.model.mam2 import MAM2
from engine.training import checkpoint
from engine.training.crew import Crew
from engine.training.run import Run, run
from engine.training.sources import procedural
from engine.training.stages import STAGES
from engine.weights.models import load_model, save_model

MODES = ("parallel", "pdd", "pdd+mcs", "pdd+mss")
STAGE, POOL_SEED = "trimaps", 200_000
FORGOTTEN = ("trimap_", "mask_augment")
METRICS = ("mad", "mse", "grad", "dtssd")
CLEAR = ("smoke", "fog", "fire", "splash", "bubbles", "glass", "frost", "overlapping")
"""Kinds that one sees through."""


def forget_trimaps(model: MAM2, seed: int) -> None:
    """Give the trimap branch, and nothing else, the values that it has before any training."""
    torch.manual_seed(seed)
    fresh = MAM2(checkpoint.starter_config(model.image_size)).state_dict()
    state = model.state_dict()
    state.update({name: value for name, value in fresh.items() if any(part in name for part in FORGOTTEN)})
    for name in state:
        if "trimap_upscaling" in name:  # begins as a copy of the mask's
            state[name] = state[name.replace("trimap_upscaling", "output_upscaling")].clone()
    model.load_state_dict(state)


def train_and_judge(mode: str, seed: int, options: argparse.Namespace) -> None:
    """Train one row with one seed and write its figures beside its weights."""
    folder = options.out / f"{mode}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    start, trained = folder / "start.safetensors", folder / "trained.safetensors"
    facts = {"source": checkpoint.PROCEDURAL, "licence": "Apache-2.0"}
    if not start.exists():
        model = load_model(options.start, for_training=True)
        forget_trimaps(model, seed)
        save_model(model, start, metadata=facts)
    stage = replace(STAGES[STAGE], first_seed=STAGES[STAGE].first_seed + 1_000_000 * seed)
    plan = Run(
        stage,
        folder,
        procedural(options.out / "pool.npy", clips=options.clips, first_seed=POOL_SEED, say=print),
        starts=[start],
        mode=mode,
        steps=options.steps,
        minutes=600,
        workers=0,
    )
    run(plan, lambda line: print(f"{mode} {seed}: {line}", flush=True))
    model = checkpoint.begin([start, folder / f"{STAGE}.pt"])
    save_model(model, trained, metadata=facts, half=True)
    judge = [sys.executable, "-m", "engine", "evaluate", "novm-p", "--model", str(trained), "--mode", mode]
    part = ["--every", str(options.every)]
    command = [*judge, *part, "--json", str(_figures(options.out, seed, mode))]
    subprocess.run(command, check=True)  # noqa: S603 - our own command


def main() -> None:
    """Do what is not done yet, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--start", default="starter", help="weights file to begin from; what ships when not given")
    parser.add_argument("--steps", type=int, default=300, help="of training, the same for every row")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--clips", type=int, default=2400, help="in the pool that all rows learn from")
    parser.add_argument("--every", type=int, default=1, help="judge 1 of how many clips of novm-p")
    parser.add_argument("--jobs", type=int, default=1, help="rows trained side by side, a core each")
    parser.add_argument("--only", nargs=2, metavar=("MODE", "SEED"), help="one run, in this process")
    options = parser.parse_args()
    if options.only:
        torch.set_num_threads(1)
        train_and_judge(options.only[0], int(options.only[1]), options)
        return
    pool = procedural(options.out / "pool.npy", clips=options.clips, first_seed=POOL_SEED, say=print)
    options.out.mkdir(parents=True, exist_ok=True)
    pool(STAGES[STAGE], Crew())  # before the rows ask for it side by side
    rows = [row for row in product(range(options.seeds), MODES) if not _figures(options.out, *row).exists()]
    with ThreadPoolExecutor(options.jobs) as side_by_side:
        list(side_by_side.map(lambda row: _apart(*row), rows))
    print(table(options.out, options.seeds))


def table(out: Path, seeds: int) -> str:
    """Give the rows as two Markdown tables, a seed's figures apart, smaller is better.

    The first has every clip and frame, the second MAD of the semi-transparent kinds from the second frame on.
    """
    found = {row: json.loads(_figures(out, row[1], row[0]).read_text()) for row in product(MODES, range(seeds))}
    lines = _lines(("mode", "seed", *METRICS))
    for (mode, seed), figures in found.items():
        lines.append(_line(mode, seed, *(figures["overall"][name] for name in METRICS)))
    lines += ["", *_lines(("mode", "seed", *CLEAR, "all of them"))]
    for (mode, seed), figures in found.items():
        kinds = {kind: _later_mad(figures, kind) for kind in CLEAR}
        lines.append(_line(mode, seed, *kinds.values(), sum(kinds.values()) / len(kinds)))
    return "\n".join(lines)


def _later_mad(figures: dict[str, Any], kind: str) -> float:
    """Give the mean MAD of a kind's clips over all frames but the first."""
    clips = [clip["frames"]["mad"][1:] for clip in figures["clips"].values() if clip["kind"] == kind]
    return sum(sum(frames) / len(frames) for frames in clips) / len(clips)


def _lines(heads: tuple[str, ...]) -> list[str]:
    return [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]


def _line(mode: str, seed: int, *figures: float) -> str:
    return f"| {mode} | {seed} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |"


def _figures(out: Path, seed: int, mode: str) -> Path:
    return out / f"{mode}-{seed}" / "figures.json"


def _apart(seed: int, mode: str) -> None:
    """Do one row in a process of its own, on one core."""
    command = [sys.executable, *sys.argv, "--only", mode, str(seed)]
    subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})  # noqa: S603 - our own command


if __name__ == "__main__":
    main()
