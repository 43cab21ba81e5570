"""A stage from its beginning, or from where it was stopped, to its end: what `mam2 train` does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint as made_again
from torch.utils.data import Dataset

from engine.model.mam2 import MAM2
from engine.training import checkpoint, crew, trainer
from engine.training.samples import Sample
from engine.training.stages import Stage, describe
from engine.weights.models import load_model

SAVED_EVERY = 300.0  # seconds

Say = Callable[[str], None]
Data = Callable[[Stage, crew.Crew], Dataset[Sample]]


@dataclass(frozen=True)
class Run:
    """What is to be done.

    Attributes:
        stage: of the recipe.
        folder: of the run: checkpoints and logs.
        data: makes the stage's samples; called once in every process.
        name: of the model, as `checkpoint.begin` takes it.
        starts: what the stage begins from, as `checkpoint.begin` takes it.
        mode: row of the paper's ablation.
        device: what trains.
        steps: length of the whole stage.
        minutes: to stop after.
        workers: processes that make samples.
        accumulate: parts of a batch, one after another.
        recompute: whether activations are made again instead of kept.
        teacher: name or file of the matter to follow.
    """

    stage: Stage
    folder: Path
    data: Data
    name: str = "starter"
    starts: Sequence[Path] = ()
    mode: str = "pdd+mss"
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - frozen
    steps: int = 4000
    minutes: float = 60.0
    workers: int = 1
    accumulate: int = 1
    recompute: bool = False
    teacher: str | None = None


def run(plan: Run, say: Say) -> None:
    """Train, saving every few minutes and at the end; called again it goes on.

    Args:
        plan: what is to be done.
        say: told what is frozen, and a line every ten steps.

    Raises:
        ModelError: as `checkpoint.begin`.
        ValueError: as `trainer.train_stage`.
    """
    together = crew.join(plan.device)
    plan.folder.mkdir(parents=True, exist_ok=True)
    path = plan.folder / f"{plan.stage.name}.pt"
    model, progress = checkpoint.resume(path, plan.starts, image_size=plan.stage.size or None, name=plan.name)
    if plan.stage.kind == "picture":
        checkpoint.give_trimap(model)
    stage = replace(plan.stage, size=plan.stage.size or model.image_size)
    data = plan.data(stage, together)
    model.to(plan.device)
    if plan.recompute:
        recompute_activations(model)
    teacher = load_model(plan.teacher, device=str(plan.device), exact=True).matter if plan.teacher else None
    if together.leads:
        for line in describe(model, stage):
            say(line)
        say(f"step {progress.step} of {plan.steps}")
    until, report = time.monotonic() + 60 * plan.minutes, _reporter(progress.step, say)
    while progress.step < plan.steps and together.agree(wanted=time.monotonic() < until):
        progress = trainer.train_stage(
            model,
            stage,
            progress,
            data=data,
            folder=plan.folder,
            mode=plan.mode,
            steps=plan.steps,
            stop_after=min(SAVED_EVERY, until - time.monotonic()),
            report=report,
            workers=plan.workers,
            accumulate=plan.accumulate,
            teacher=teacher,
            crew=together,
        )
        if together.leads:
            checkpoint.save(path, model, progress)


def _reporter(first: int, say: Say) -> Callable[[int, dict[str, float]], None]:
    began = time.monotonic()

    def report(step: int, terms: dict[str, float]) -> None:
        pace = (time.monotonic() - began) / max(1, step - first)
        say(f"{step:6d}  {pace:.2f} s/step  " + " ".join(f"{name} {value:.4f}" for name, value in terms.items()))

    return report


def recompute_activations(model: MAM2) -> int:
    """Checkpoint every block of the encoder's trunk and of the matter's backbone, in place; give how many.

    Gradients stay the same; a step keeps one block's activations at a time and takes about a third longer.
    """
    blocks = [*model.tracker.image_encoder.trunk.blocks, *model.matter.backbone.blocks]
    for block in blocks:
        _wrap(block)
    return len(blocks)


def _wrap(block: nn.Module) -> None:
    forward = block.forward

    def kept_small(*inputs: object) -> object:
        return made_again(forward, *inputs, use_reentrant=False)

    block.forward = kept_small
