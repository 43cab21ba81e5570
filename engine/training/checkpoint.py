"""A training run on disk: the model, the moving average, the optimiser and the step, in one file written atomically."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from engine.model.checkpoints import load_model, save_model
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
        "optimizer": progress.optimizer,
        "step": progress.step,
        "seconds": progress.seconds,
    }
    half_written = path.with_name(path.name + ".part")
    torch.save(state, half_written)
    half_written.replace(path)


def resume(path: Path, starts: Sequence[Path], *, image_size: int) -> tuple[MAM2, Progress]:
    """Go on from `path` if it is there; else begin the stage from other stages' averaged weights, or from nothing.

    Args:
        path: this stage's checkpoint.
        starts: checkpoints of stages before it; each gives the parts (tracker, matter) that it trained. A model's
            weights file gives both: so the shipped starter is trained further.
        image_size: side of the model's square.
    """
    torch.manual_seed(0)
    model = MAM2(starter_config(image_size))
    torch.nn.init.constant_(model.tracker.sam_mask_decoder.pred_obj_score_head.layers[-1].bias, 4.0)
    if path.exists():
        state = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(state["model"])
        return model, Progress(state["step"], state["seconds"], state["average"], state["optimizer"])
    for start in starts:
        if start.suffix == ".safetensors":
            model.load_state_dict(load_model(start, for_training=True).state_dict())
        else:
            _take(model, torch.load(start, map_location="cpu", weights_only=True))
    return model, Progress()


def export(starts: Sequence[Path], path: Path) -> None:
    """Write averaged weights of finished stages as a model's weights file, large tensors in half precision.

    Args:
        starts: checkpoints that together hold the tracker and the matter.
        path: `.safetensors`; its name says nothing, its header says `starter`.
    """
    model, _ = resume(path.with_suffix(".none"), starts, image_size=STARTER.tracker.image_size)
    learnt = "procedural clips drawn by engine.training.procedural"
    save_model(model, path, metadata={"source": learnt, "licence": "Apache-2.0"}, half=True)


def _take(model: MAM2, state: dict[str, Any]) -> None:
    parts = {name.partition(".")[0] for name in state["average"]}
    whole = model.state_dict()
    whole.update({name: value for name, value in state["model"].items() if name.partition(".")[0] in parts})
    model.load_state_dict(whole)
    load_average(model, state["average"])
