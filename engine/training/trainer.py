"""The loop: one stage of the recipe, resumable, with a moving average of the weights and a log that can be plotted."""

import csv
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from engine.model.mam2 import MAM2
from engine.training.crew import Crew
from engine.training.datasets import PooledClips, one_thread
from engine.training.samples import ClipBatch, collate
from engine.training.stages import Stage, choose_parameters
from engine.training.steps import STEPS

WARM_UP = 100
AVERAGE = 0.998


@dataclass
class Progress:
    """Where a stage stands; all of it is in the checkpoint.

    Attributes:
        step: steps done.
        seconds: time spent training.
        average: moving average of the trained parameters and of their batch norms' statistics, by name.
        optimizer: its state.
    """

    step: int = 0
    seconds: float = 0.0
    average: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)


class _From(Sampler[int]):
    """Samples in order from one on, every `stride`th: batch k is the same whether or not training was interrupted."""

    def __init__(self, first: int, last: int, stride: int) -> None:
        self.samples = range(first, last, stride)

    def __iter__(self) -> Iterator[int]:
        return iter(self.samples)

    def __len__(self) -> int:
        return len(self.samples)


def train_stage(
    model: MAM2,
    stage: Stage,
    progress: Progress,
    *,
    pool: Path,
    folder: Path,
    mode: str,
    steps: int,
    stop_after: float,
    report: Callable[[int, dict[str, float]], None],
    workers: int = 1,
    decay_from: float = 0.7,
    crew: Crew = Crew(),  # noqa: B008 - frozen
) -> Progress:
    """Train one stage until `steps` or for `stop_after` seconds, whichever comes first.

    Args:
        model: trained in place, on its device; the moving average is in the progress; see `load_average`.
        stage: what to do.
        progress: where to go on from.
        pool: the clips to learn from.
        folder: `<stage>.csv` is appended to here.
        mode: row of the paper's ablation to train.
        steps: length of the whole stage, over all runs; the learning rate falls to zero over its last part.
        stop_after: seconds.
        report: called every ten steps with the step and the mean of each loss term.
        workers: processes that cut samples.
        decay_from: share of the stage after which the rate falls.
        crew: the processes that train together; the stage's batch is divided among them.

    Returns:
        The new progress; `progress` itself is left as it was.
    """
    model.train()
    chosen = choose_parameters(model, stage)
    optimizer = torch.optim.AdamW(chosen.values(), lr=stage.rate, weight_decay=0.02, betas=(0.9, 0.98))
    if progress.optimizer:
        optimizer.load_state_dict(progress.optimizer)
    device = next(model.parameters()).device
    averaged = chosen | _statistics(model, chosen)
    average = {name: value.to(device, copy=True) for name, value in (_detached(averaged) | progress.average).items()}
    started, step = time.monotonic(), progress.step
    totals: dict[str, list[float]] = {}
    for batch in _batches(stage, pool, step, steps, workers, crew):
        generator = torch.Generator().manual_seed(stage.first_seed * 7 + step + (crew.rank << 40))
        torch.manual_seed(stage.first_seed + step + (crew.rank << 40))
        for group in optimizer.param_groups:
            group["lr"] = stage.rate * _rate(step, steps, decay_from)
        with _precision(stage, device):
            terms = STEPS[stage.kind](model, batch.to(device), mode, generator)
        sum(terms.values()).backward()  # type: ignore[union-attr]
        crew.average(_gradients(chosen))
        terms["norm"] = torch.nn.utils.clip_grad_norm_(chosen.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        keep = min(AVERAGE, step / (step + 10))
        torch._foreach_lerp_(list(average.values()), list(_detached(averaged).values()), 1 - keep)
        for name, value in terms.items():
            totals.setdefault(name, []).append(float(value.detach()))
        if step % 10 == 0 and crew.leads:
            means = {name: sum(values) / len(values) for name, values in totals.items()}
            _log(folder / f"{stage.name}.csv", step, means)
            report(step, means)
            totals = {}
        if crew.agree(wanted=time.monotonic() - started > stop_after):
            break
    spent = progress.seconds + time.monotonic() - started
    return Progress(step, spent, average, optimizer.state_dict())


def load_average(model: MAM2, average: dict[str, Tensor]) -> None:
    """Put averaged parameters, and the statistics that belong to them, into the model."""
    own = dict(model.named_parameters()) | dict(model.named_buffers())
    with torch.no_grad():
        for name, value in average.items():
            own[name].copy_(value)


def _precision(stage: Stage, device: torch.device) -> torch.autocast:
    """Give bfloat16 where it pays: on a GPU, and for the matter's convolutions on a CPU (half the time there)."""
    pays = device.type == "cuda" or (device.type == "cpu" and stage.kind == "matter")
    return torch.autocast(device.type, torch.bfloat16, enabled=pays)


def _rate(step: int, steps: int, decay_from: float) -> float:
    left = (steps - step) / max(1, steps * (1 - decay_from))
    return min(1.0, (step + 1) / WARM_UP, max(left, 0.01))


def _batches(stage: Stage, pool: Path, step: int, steps: int, workers: int, crew: Crew) -> Iterator[ClipBatch]:
    if stage.batch % crew.size:
        raise ValueError(f"{stage.name} has {stage.batch} clips a step: {crew.size} processes cannot share them evenly")
    return iter(
        DataLoader(
            PooledClips(pool, stage.size, stage.frames, stage.first_seed, stage.objects),
            batch_size=stage.batch // crew.size,
            sampler=_From(step * stage.batch + crew.rank, steps * stage.batch, crew.size),
            num_workers=workers,
            collate_fn=collate,
            worker_init_fn=one_thread,
            prefetch_factor=4 if workers else None,
        )
    )


def _gradients(parameters: dict[str, torch.nn.Parameter]) -> Iterator[Tensor]:
    """Give every parameter's gradient, making one of zeros where this process's share of the batch gave none."""
    for parameter in parameters.values():
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        yield parameter.grad


def _statistics(model: MAM2, chosen: dict[str, torch.nn.Parameter]) -> dict[str, Tensor]:
    """Give the running means and variances beside trained parameters: those of the last few batches are noise."""
    places = {name.rpartition(".")[0] for name in chosen}
    named = model.named_buffers()
    return {name: b for name, b in named if name.rpartition(".")[0] in places and "running_" in name}


def _detached(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach() for name, tensor in tensors.items()}


def _log(path: Path, step: int, means: dict[str, float]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["step", *means])
        writer.writerow([step, *(f"{value:.5f}" for value in means.values())])
