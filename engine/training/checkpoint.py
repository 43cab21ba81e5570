"""A training run on disk: the model, the moving average, the optimiser and the step, in one file written atomically."""

from dataclasses import replace
from pathlib import Path

import torch

from engine.model.config import STARTER, MAM2Config
from engine.model.mam2 import MAM2
from engine.training.trainer import Progress, load_average


def starter_config(image_size: int) -> MAM2Config:
    """Give the starter at another side of the square; the weights fit every size."""
    hiera = STARTER.tracker.hiera
    if image_size < STARTER.tracker.image_size:
        hiera = replace(hiera, windows=(8, 4, 8, 4))
    return replace(STARTER, tracker=replace(STARTER.tracker, hiera=hiera, image_size=image_size))


def save(path: Path, model: MAM2, progress: Progress) -> None:
    """Write the run's state; the old file stays until the new one is whole."""
    state = {
        "model": model.state_dict(),
        "average": progress.average,
        "optimizers": progress.optimizers,
        "step": progress.step,
        "seconds": progress.seconds,
    }
    half_written = path.with_name(path.name + ".part")
    torch.save(state, half_written)
    half_written.replace(path)


def resume(path: Path, start: Path | None, *, image_size: int) -> tuple[MAM2, Progress]:
    """Go on from `path` if it is there; else begin the stage from another stage's averaged weights, or from nothing.

    Args:
        path: this stage's checkpoint.
        start: the stage before's checkpoint.
        image_size: side of the model's square.
    """
    torch.manual_seed(0)
    model = MAM2(starter_config(image_size))
    torch.nn.init.constant_(model.tracker.sam_mask_decoder.pred_obj_score_head.layers[-1].bias, 4.0)
    if path.exists():
        state = torch.load(path, weights_only=True)
        model.load_state_dict(state["model"])
        return model, Progress(state["step"], state["seconds"], state["average"], state["optimizers"])
    if start is not None:
        state = torch.load(start, weights_only=True)
        model.load_state_dict(state["model"])
        load_average(model, state["average"])
    return model, Progress()
