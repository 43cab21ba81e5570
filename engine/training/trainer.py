"""The loop: one stage of the recipe, resumable, with a moving average of the weights and a log that can be plotted."""

import csv
import importlib.util
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from engine.contract.errors import EngineError
from engine.model.image_encoder import rest_untaught_adapters
from engine.model.mam2 import MAM2
from engine.model.matter import Matter
from engine.model.ready.precision import has_bfloat16
from engine.training.crew import Crew, share_norms
from engine.training.pool import one_thread, start
from engine.training.samples import Chance, ClipBatch, Sample, collate
from engine.training.stages import Stage, choose_parameters
from engine.training.steps import STEPS, Lesson, Terms


class Log:
    """The log of one stage in a run's folder; going on appends to it."""

    def __init__(self, folder: Path, stage: str) -> None:
        self._path = folder / f"{stage}.csv"
        self._events = None
        if importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an extra that need not be there

            self._events = SummaryWriter(str(folder / "events" / stage))

    def write(self, step: int, means: dict[str, float]) -> None:
        """Add the means of some steps, the last of which is `step`."""
        known = self._columns() or ["step", *means]
        with self._path.open("a", newline="") as file:
            writer = csv.DictWriter(file, known, restval="", extrasaction="ignore")
            if file.tell() == 0:
                writer.writeheader()
            writer.writerow({"step": step, **{name: f"{value:.6g}" for name, value in means.items()}})
        if self._events is not None:
            for name, value in means.items():
                self._events.add_scalar(name, value, step)

    def close(self) -> None:
        """Write out what is not yet on disk."""
        if self._events is not None:
            self._events.close()

    def _columns(self) -> list[str]:
        if not self._path.exists():
            return []
        with self._path.open(newline="") as file:
            return next(csv.reader(file), [])


WARM_UP = 100
AVERAGE = 0.998
LOGGED_EVERY = 10
GENTLE = 0.2


@dataclass
class Progress:
    """Where a stage stands; all of it is in the checkpoint.

    Attributes:
        step: steps done.
        seconds: time spent training.
        average: moving average of the trained parameters and of their batch norms' statistics, by name.
        optimizer: its state.
        unlogged: loss terms of the steps since the log's last line.
    """

    step: int = 0
    seconds: float = 0.0
    average: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    unlogged: dict[str, list[float]] = field(default_factory=dict)


class _From(Sampler[int]):
    """Samples in order from one on, every `stride`th: batch k is the same whether or not training was interrupted."""

    def __init__(self, first: int, last: int, stride: int) -> None:
        self.samples = range(first, last, stride)

    def __iter__(self) -> Iterator[int]:
        return iter(self.samples)

    def __len__(self) -> int:
        return len(self.samples)


class _Carried(Dataset[Sample | EngineError]):
    """Samples, or why one cannot be had: raised in a worker, an error would lose its code and its hint on the way."""

    def __init__(self, data: Dataset[Sample]) -> None:
        self.data = data

    def __getitem__(self, index: int) -> Sample | EngineError:
        try:
            return self.data[index]
        except EngineError as problem:
            return problem


def train_stage(
    model: MAM2,
    stage: Stage,
    progress: Progress,
    *,
    data: Dataset[Sample],
    folder: Path,
    mode: str,
    steps: int,
    stop_after: float,
    report: Callable[[int, dict[str, float]], None],
    workers: int = 1,
    decay_from: float = 0.7,
    accumulate: int = 1,
    teacher: Matter | None = None,
    crew: Crew = Crew(),  # noqa: B008 - frozen
) -> Progress:
    """Train one stage until `steps` or for `stop_after` seconds, whichever comes first.

    Args:
        model: trained in place, on its device; the moving average is in the progress; see `load_average`.
        stage: what to do.
        progress: where to go on from.
        data: the samples to learn from, each a function of its number; step k takes numbers k * batch and on.
        folder: `<stage>.csv` is appended to here, and TensorBoard's events where that is installed.
        mode: row of the paper's ablation to train.
        steps: length of the whole stage, over all runs; the learning rate falls to zero over its last part.
        stop_after: seconds.
        report: called every ten steps with the step and the mean of each loss term.
        workers: processes that cut samples.
        decay_from: share of the stage after which the rate falls.
        accumulate: parts that this process takes its share of a batch in, one after another, to save memory.
        teacher: a frozen matter to follow; see `Lesson`.
        crew: the processes that train together; the stage's batch is divided among them.

    Returns:
        The new progress; `progress` itself is left as it was.

    Raises:
        EngineError: a sample cannot be had, whichever process wanted it.
        ValueError: the stage's batch cannot be divided evenly.
    """
    chosen = _prepare(model, stage, crew)
    optimizer = torch.optim.AdamW(_groups(chosen, stage), weight_decay=0.02, betas=(0.9, 0.98))
    if progress.optimizer:
        optimizer.load_state_dict(progress.optimizer)
    device = next(model.parameters()).device
    averaged = chosen | _statistics(model, chosen)
    average = {name: value.to(device, copy=True) for name, value in (_detached(averaged) | progress.average).items()}
    started, step = time.monotonic(), progress.step
    totals = {name: list(values) for name, values in progress.unlogged.items()}
    log = Log(folder, stage.name) if crew.leads else None
    batches = _batches(stage, data, step, steps, workers, accumulate, crew)
    while step < steps:
        torch.manual_seed(stage.first_seed + step + (crew.rank << 40))  # of dropout
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * _rate(step, steps, decay_from)
        for batch in islice(batches, accumulate):
            lesson = Lesson(mode, Chance.of(stage.first_seed * 7 + step, batch.chance_n), teacher, crew)
            terms = _learn(model, stage, batch.to(device), lesson, 1 / accumulate)
            for name, value in terms.items():
                totals.setdefault(name, []).append(float(value))
        crew.average(_gradients(chosen))
        totals.setdefault("norm", []).append(float(torch.nn.utils.clip_grad_norm_(chosen.values(), 1.0)))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        keep = min(AVERAGE, step / (step + 10))
        torch._foreach_lerp_(list(average.values()), list(_detached(averaged).values()), 1 - keep)
        if step % LOGGED_EVERY == 0:
            means = {name: sum(values) / len(values) for name, values in totals.items()}
            totals = {}
            if log:
                log.write(step, means)
                report(step, means)
        if crew.agree(wanted=time.monotonic() - started > stop_after):
            break
    if log:
        log.close()
    spent = progress.seconds + time.monotonic() - started
    return Progress(step, spent, average, optimizer.state_dict(), totals)


def _prepare(model: MAM2, stage: Stage, crew: Crew) -> dict[str, torch.nn.Parameter]:
    """Put a model into training; give the parameters that train, by name."""
    share_norms(model, crew)
    if next(model.parameters()).device.type == "cpu":  # convolutions of few channels learn twice as fast so
        model.tracker.to(memory_format=torch.channels_last)
    model.train()
    chosen = choose_parameters(model, stage)
    rest_untaught_adapters(model)
    return chosen


def load_average(model: MAM2, average: dict[str, Tensor]) -> None:
    """Put averaged parameters, and the statistics that belong to them, into the model."""
    own = dict(model.named_parameters()) | dict(model.named_buffers())
    with torch.no_grad():
        for name, value in average.items():
            own[name].copy_(value)


def _groups(chosen: Mapping[str, torch.nn.Parameter], stage: Stage) -> list[dict[str, Any]]:
    """Give the optimiser's groups: what learns at the stage's rate, and what learns gently."""
    gently = re.compile("|".join(stage.gentle) or r"(?!)")
    parts: dict[float, list[torch.nn.Parameter]] = {stage.rate: [], stage.rate * GENTLE: []}
    for name, parameter in chosen.items():
        parts[stage.rate * (GENTLE if gently.search(name) else 1)].append(parameter)
    return [{"params": params, "lr": peak, "peak": peak} for peak, params in parts.items() if params]


def _learn(model: MAM2, stage: Stage, batch: ClipBatch, lesson: Lesson, share: float) -> Terms:
    """Add a batch's gradients, times its share of the step, to those that are there; give its loss terms."""
    with _precision(stage, batch.clip_n.device):
        terms = STEPS[stage.kind](model, batch, lesson)
    if terms:
        (share * torch.stack(list(terms.values())).sum()).backward()
    return {name: value.detach() for name, value in terms.items()}


def _precision(stage: Stage, device: torch.device) -> torch.autocast:
    """Give bfloat16 where it pays: on a GPU, and for the matter's convolutions on a CPU that multiplies it natively."""
    pays = device.type == "cuda" or (device.type == "cpu" and stage.kind == "matter" and has_bfloat16())
    return torch.autocast(device.type, torch.bfloat16, enabled=pays)


def _rate(step: int, steps: int, decay_from: float) -> float:
    left = (steps - step) / max(1, steps * (1 - decay_from))
    return min(1.0, (step + 1) / WARM_UP, max(left, 0.01))


def _batches(
    stage: Stage, data: Dataset[Sample], step: int, steps: int, workers: int, accumulate: int, crew: Crew
) -> Iterator[ClipBatch]:
    if stage.batch % (crew.size * accumulate):
        raise ValueError(
            f"{stage.name} has {stage.batch} clips a step: {crew.size} processes cannot share them evenly "
            f"in {accumulate} parts each"
        )
    loader: DataLoader[Any] = DataLoader(
        _Carried(data),
        batch_size=stage.batch // crew.size // accumulate,
        sampler=_From(step * stage.batch + crew.rank, steps * stage.batch, crew.size),
        num_workers=workers,
        collate_fn=_collate,
        worker_init_fn=one_thread,
        prefetch_factor=4 if workers else None,
    )
    for batch in start(loader):
        if isinstance(batch, EngineError):
            raise batch
        yield batch


def _collate(samples: list[Sample | EngineError]) -> ClipBatch | EngineError:
    problems = (sample for sample in samples if isinstance(sample, EngineError))
    return next(problems, None) or collate([sample for sample in samples if isinstance(sample, Sample)])


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
