"""Weights files of which only the header is true: enough for whatever chooses a model and loads none."""

import torch
from safetensors.torch import save_file

from engine.model.config import CONFIGS
from engine.weights.header import MATTERS, Contents


def stand_in(name, folder):
    """Write a file that says that it holds the weights `name`."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = (
        Contents(name, matter=MATTERS[name])
        if name in MATTERS
        else Contents(name, tracker=CONFIGS[name].tracker, trimap_from="uncertainty")
    )
    save_file({"x": torch.zeros(1)}, folder / f"{name}.safetensors", metadata=contents.to_header())
